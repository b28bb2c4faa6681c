// A family: one metric name with label names. `with("GET", "200")` finds or makes the series of
// these label values. Thread-safe: any method from any thread. A family must not be used after its
// Registry is gone. Default-constructed, it is detached: its series go nowhere.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/counter.h"
#include "weir/gauge.h"
#include "weir/histogram.h"

namespace weir {

class RegistryCore;
struct FamilyCore;

// How the sidecar adds a gauge up over the publishers of one service (counters and histograms are
// always summed).
enum class Aggregation : std::uint8_t { kSum, kMin, kMax, kMean, kLast, kPerInstance };

struct FamilyOptions {
  std::string name;                 // [a-zA-Z_:][a-zA-Z0-9_:]*; counters end in _total
  std::string help;                 // one sentence for a person
  std::vector<std::string> labels;  // label names; empty: the family is one series
  std::string unit;  // OpenMetrics unit, e.g. "seconds": then the name must end in it
  Aggregation aggregation = Aggregation::kSum;  // gauges
  std::chrono::milliseconds hold{0};  // gauges, external counters: the stay after a clean exit
  Bounds bounds;                      // histograms
  std::string group;  // the part of the program that states it: ?collect[]= selects it
};

namespace detail {
// Finds or makes. On bad label values (count, length, UTF-8) or past the series limit: nothing is
// made, the refusal is counted (Registry::stats()), and the handle is detached.
template <typename Handle>
WEIR_API Handle series_of(FamilyCore& family, std::span<const std::string_view> values) noexcept;
WEIR_API void remove_series(FamilyCore& family, std::span<const std::string_view> values) noexcept;
WEIR_API void remove_all_series(FamilyCore& family) noexcept;
}  // namespace detail

// Handle: Counter, DoubleCounter, ExternalCounter, ExternalDoubleCounter, Gauge or Histogram.
template <typename Handle>
class Family {
 public:
  Family() = default;

  // Label values in the order of the label names. Costs a look-up: keep the handle where the values
  // are known.
  template <typename... Values>
  [[nodiscard]] Handle with(const Values&... values) const noexcept {
    const std::array<std::string_view, sizeof...(Values)> views{std::string_view(values)...};
    return with_values(views);
  }
  [[nodiscard]] Handle with_values(std::span<const std::string_view> values) const noexcept {
    return core_ == nullptr ? Handle{} : detail::series_of<Handle>(*core_, values);
  }

  // The series leaves the output; with() brings it back, counting on from its total (it may have
  // been counted already, so it can not begin again). Handles stay valid: what they record
  // meanwhile shows when the series is back.
  template <typename... Values>
  void remove(const Values&... values) const noexcept {
    const std::array<std::string_view, sizeof...(Values)> views{std::string_view(values)...};
    remove_values(views);
  }
  void remove_values(std::span<const std::string_view> values) const noexcept {
    if (core_ != nullptr) {
      detail::remove_series(*core_, values);
    }
  }
  void remove_all() const noexcept {
    if (core_ != nullptr) {
      detail::remove_all_series(*core_);
    }
  }

 private:
  friend class RegistryCore;
  explicit Family(FamilyCore* core) : core_(core) {}
  FamilyCore* core_ = nullptr;
};

using CounterFamily = Family<Counter>;
using DoubleCounterFamily = Family<DoubleCounter>;
using ExternalCounterFamily = Family<ExternalCounter>;
using ExternalDoubleCounterFamily = Family<ExternalDoubleCounter>;
using GaugeFamily = Family<Gauge>;
using HistogramFamily = Family<Histogram>;

}  // namespace weir
