// Records back into instances and totals, through the same checks as frames from the wire, and as a
// maximum: what is newer counts, whatever comes first. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/codec.h"
#include "sidecar/ingest/definitions.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/record.h"

namespace weir::sidecar {

// What its first keyframe said of an instance.
void identify_restored(const wire::IdentityView& identity, Instance& instance);

// How many ids without a definition the instance's tables would get by this frame.
[[nodiscard]] std::uint64_t holes_made(const wire::Frame& frame, const Instance& instance);

class Restorer {
 public:
  // `holes_max`: so many ids without a definition, over all instances; what comes from another
  // process must not take memory that it has not sent.
  Restorer(Registry& registry, Directory& directory, Retirement& retirement, DefinitionRules rules,
           std::uint64_t holes_max = UINT64_MAX);

  // Why it could not be taken up, in words; empty: it was.
  [[nodiscard]] std::string take(const Record& record, std::int64_t now_unix_ms);
  // After the last record.
  void finish();

  [[nodiscard]] std::uint64_t instances() const { return instances_; }

 private:
  [[nodiscard]] std::string take_statement(ByteReader reader, std::int64_t now_unix_ms);
  void take_remembered(ByteReader reader, std::int64_t now_unix_ms);
  [[nodiscard]] std::string take_held(ByteReader reader, std::int64_t now_unix_ms);
  [[nodiscard]] std::string take_offset(ByteReader reader);
  void take_unshown(ByteReader reader);
  [[nodiscard]] std::string take_base(ByteReader reader, std::int64_t now_unix_ms);
  void set_state(Instance& instance, const StatementHead& head);
  void take_low(Retirement::Retired& retired, const wire::Frame& frame);

  Registry& registry_;
  Directory& directory_;
  Retirement& retirement_;
  DefinitionRules rules_;
  wire::Decoder decoder_;
  std::uint64_t instances_ = 0;
  std::uint64_t holes_left_;
};

}  // namespace weir::sidecar
