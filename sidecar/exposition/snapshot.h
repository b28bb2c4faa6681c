// One coherent moment of the registry, ready to be printed: made under the engine's lock in one
// pass, about nine bytes for each series, and rendered without it. The texts stay where they are:
// blocks of rows that a snapshot refers to never change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/exposition/exposition.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

struct Snapshot {
  enum class Kind : std::uint8_t { kNothing, kInteger, kNumber, kHistogram };
  struct Histogram {
    std::size_t first_bucket = 0;  // into `buckets`
    std::uint32_t layout = 0;      // into `layouts`
    double sum = 0;
  };
  // The rows of a block, in its order, begin at `first_row` of the parallel lists.
  struct Block {
    std::shared_ptr<const RowBlock> rows;
    std::size_t first_row = 0;
  };
  struct Family {
    std::string name;
    std::string help;
    std::string unit;
    wire::Type type = wire::Type::kCounter;
    wire::Origin origin = wire::Origin::kOwn;
    std::size_t first_block = 0;
    std::size_t blocks = 0;
  };

  std::vector<Family> families;  // those that have anything to show, in the order of their names
  std::vector<Block> blocks;

  // By row. A value is an integer, a double's bits, or an index into `histograms`.
  std::vector<Kind> kinds;
  std::vector<std::uint64_t> values;
  std::vector<std::int64_t> started_unix_ms;  // if the rules ask for it

  std::vector<Histogram> histograms;
  std::vector<std::uint64_t> buckets;  // of all histograms, not cumulative
  std::vector<std::shared_ptr<const BucketLayout>> layouts;
};

struct SnapshotRules {
  std::int64_t now_unix_ms = 0;
  std::int64_t series_ttl_ms = 3'600'000;
  bool starts = false;
};

[[nodiscard]] Snapshot take_snapshot(Registry& registry, const Selection& selection,
                                     const SnapshotRules& rules);

// The aggregated value of a gauge or external counter; nothing if no publisher states one now.
struct AggregatedReading {
  bool present = false;
  bool is_integer = false;
  std::uint64_t integer = 0;
  double number = 0;
};
[[nodiscard]] AggregatedReading aggregate_readings(const Registry& registry, const Series& series,
                                                   wire::Aggregation aggregation,
                                                   std::int64_t now_unix_ms);

}  // namespace weir::sidecar
