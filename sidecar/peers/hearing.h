// What another sidecar tells of instances becomes totals here: as a maximum, through the checks
// that frames go through. Single-threaded: under the engine's lock.
//
// 1. What is among the retired totals here is not added again.
// 2. Of an instance that is known here only totals, and its end, are taken up: which frames have
//    come here, its own table says.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/codec.h"
#include "schemas/subjects.h"
#include "sidecar/ingest/ingest.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/record.h"

namespace weir::sidecar {

class Hearing {
 public:
  struct Parts {
    Registry& registry;
    Directory& directory;
    Ingest& ingest;
  };
  Hearing(std::string subject_prefix, Parts parts);

  // Why it was refused, in words; empty: it was not.
  [[nodiscard]] std::string take(const Record& record, std::int64_t now_unix_ms);

 private:
  [[nodiscard]] std::string identify(const wire::Frame& frame, Instance& instance,
                                     std::int64_t now_unix_ms) const;
  [[nodiscard]] std::string merge(const wire::Frame& frame, Instance& instance,
                                  std::int64_t now_unix_ms);
  void follow(const StatementHead& head, Instance& instance, bool known, std::int64_t now_unix_ms);

  const wire::Subjects subjects_;
  Parts parts_;
  const DefinitionRules rules_;
  wire::Decoder decoder_;
  std::uint64_t holes_left_;
};

}  // namespace weir::sidecar
