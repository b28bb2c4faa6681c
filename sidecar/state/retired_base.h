// The base: the totals of retired instances, with the ids of those whose they are. Only both
// together mean something, so it is one thing: told to another sidecar, taken over and written to
// the journal whole or not at all. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sidecar/ingest/definitions.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/record.h"
#include "sidecar/state/statement_writer.h"

namespace weir::sidecar {

class Restorer;

// As records.
void write_base(Bytes& out, const Directory& directory, Retirement& retirement,
                StatementWriter& writer);

enum class BaseOutcome : std::uint8_t {
  kTaken,
  kNotNeeded,    // the same ids are remembered here
  kLacksOfMine,  // not all that are remembered here: their totals would be gone
  kLower,        // a counter would go down
  kDamaged,
};

// Puts the base of another sidecar in place of the own one. What is retired there and has tables
// here is dropped here.
//
// 1. All that is remembered here must be remembered there: else totals would be lost.
// 2. No sum over all instances comes out lower than it was: else nothing is changed.
class BaseTakeover {
 public:
  BaseTakeover(Registry& registry, Directory& directory, Retirement& retirement, Restorer& restorer)
      : registry_(registry), directory_(directory), retirement_(retirement), restorer_(restorer) {}

  [[nodiscard]] BaseOutcome take(std::span<const std::uint8_t> records, std::int64_t now_unix_ms);
  // From the own journal: it was taken once. Why it cannot be, in words; empty: it is.
  [[nodiscard]] std::string replay(std::span<const std::uint8_t> records, std::int64_t now_unix_ms);
  [[nodiscard]] const std::string& why() const { return why_; }  // in words

 private:
  // Of a series, before: what it counted over all instances.
  struct Sums {
    std::uint64_t counter = 0;
    ExactSum doubles;
    HistogramCopy histogram;
  };
  [[nodiscard]] bool read(std::span<const std::uint8_t> records);
  void remember_sums(const Instance& instance);
  void subtract(const Instance& instance, const std::vector<double>& low);
  void add_base(std::int64_t now_unix_ms);
  [[nodiscard]] bool is_lower();
  [[nodiscard]] bool raise(ExactSum& sum, const ExactSum& before, std::uint32_t series,
                           TargetKind kind);
  void undo(Retirement::All own);
  void drop_collapsed(std::int64_t now_unix_ms);

  Registry& registry_;
  Directory& directory_;
  Retirement& retirement_;
  Restorer& restorer_;
  std::vector<RememberedEntry> remembered_;
  std::vector<Record> statements_;
  std::map<std::uint32_t, Sums> before_;  // by series
  std::string why_;
};

struct BaseParts {
  Registry& registry;
  Directory& directory;
  Retirement& retirement;
};
// From another process, with the limits that this asks for. `why`: in words.
[[nodiscard]] BaseOutcome take_over_base(std::span<const std::uint8_t> records,
                                         std::int64_t now_unix_ms, const DefinitionRules& rules,
                                         BaseParts parts, std::string& why);

}  // namespace weir::sidecar
