// A family as the registry keeps it: the definition, and the families that users hold, which fix
// the values of the scope's labels. Thread-compatible: fixed once registered; the index is under
// the registry's lock.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "series_core.h"
#include "series_index.h"
#include "weir/family.h"

namespace weir {

class RegistryCore;

// What exporters state once per name.
struct FamilyDefinition {
  std::uint32_t id = 0;
  MetricKind kind = MetricKind::kCounter;
  std::string name;
  std::string help;
  std::string unit;
  std::vector<std::string> label_names;  // the scope's first
  Aggregation aggregation = Aggregation::kSum;
  std::uint64_t hold_ms = 0;
  Bounds bounds;
  std::string group;

  std::unique_ptr<const cells::BucketLayout> layout;  // of `bounds`; histograms only
  std::vector<SeriesCore*> series;  // in the order of their making; under the registry's lock
  std::deque<FamilyCore> families;  // under the registry's lock
};

// What a Family<Handle> points to.
struct FamilyCore {
  RegistryCore* registry = nullptr;
  FamilyDefinition* definition = nullptr;
  std::vector<std::string> fixed_values;  // of the scope's labels
  std::uint64_t serial = 0;               // never used again in this process
  std::uint64_t seed = 0;
  SeriesIndex index;  // under the registry's lock
};

[[nodiscard]] inline bool is_own_total(MetricKind kind) {
  return kind == MetricKind::kCounter || kind == MetricKind::kDoubleCounter ||
         kind == MetricKind::kHistogram;
}

// Calls visit(std::string_view) for each label value, in the order of the label names.
template <typename Visitor>
void for_each_label_value(const SeriesCore& series, Visitor&& visit) {
  for (const std::string& value : series.family->fixed_values) {
    visit(std::string_view(value));
  }
  series.label_values.for_each(visit);
}

}  // namespace weir
