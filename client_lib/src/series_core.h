// A series as the registry keeps it: what it is called and where its value stands.
// Thread-compatible: all but `hidden` is fixed once it is in the registry's table.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "packed_strings.h"

namespace weir {

struct FamilyCore;

enum class MetricKind : std::uint8_t {
  kCounter,
  kDoubleCounter,
  kExternalCounter,
  kExternalDoubleCounter,
  kGauge,
  kHistogram,
};

// External totals before their first set(): not shown, because a 0 that nobody read would look like
// a reset to whoever computes an increase. The double is a NaN that no arithmetic makes.
inline constexpr std::uint64_t kUnsetTotal = ~std::uint64_t{0};
inline constexpr double kUnsetValue = std::bit_cast<double>(kUnsetTotal);

struct SeriesCore {
  FamilyCore* family = nullptr;
  std::uint64_t hash = 0;
  std::uint32_t id = 0;    // dense over all kinds of one registry
  std::uint32_t cell = 0;  // counters and histograms: the first cell
  union {
    std::atomic<double>* value = nullptr;  // gauges, external double counters
    std::atomic<std::uint64_t>* total;     // external counters
  };
  std::int64_t started_unix_ms = 0;
  PackedStrings label_values;  // without those that the family fixes
  std::atomic<bool> hidden{false};
};

}  // namespace weir
