// One coherent moment of the registry, ready to be printed: made under the engine's lock in one
// pass, rendered without it. The texts (labels) stay in the registry; whoever renders keeps them
// from being freed (engine.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/exposition/exposition.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

struct SnapshotRow {
  enum class Kind : std::uint8_t { kInteger, kNumber, kHistogram };
  std::string_view labels;
  union {
    std::uint64_t integer;
    double number;
    std::uint64_t first_bucket;  // into Snapshot::buckets
  };
  double sum = 0;
  std::uint32_t layout = 0;  // into SnapshotFamily::layouts
  std::int64_t started_unix_ms = 0;
  Kind kind = Kind::kNumber;
};

struct SnapshotFamily {
  std::string name;
  std::string help;
  std::string unit;
  wire::Type type = wire::Type::kCounter;
  wire::Origin origin = wire::Origin::kOwn;
  std::vector<std::shared_ptr<const BucketLayout>> layouts;
  std::vector<SnapshotRow> rows;
};

struct Snapshot {
  std::vector<SnapshotFamily> families;
  std::vector<std::uint64_t> buckets;  // of all histograms, not cumulative
};

struct SnapshotRules {
  std::int64_t now_unix_ms = 0;
  std::int64_t series_ttl_ms = 3'600'000;
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
