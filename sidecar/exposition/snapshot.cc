#include "sidecar/exposition/snapshot.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

namespace weir::sidecar {
namespace {

double as_number(const Reading& reading) {
  return reading.is_integer ? static_cast<double>(reading.integer) : reading.number;
}

bool counts(const Reading& reading, std::int64_t now_unix_ms) {
  if (!reading.stated || reading.hidden) {
    return false;
  }
  if (reading.contributor == nullptr) {
    return now_unix_ms < reading.held_until_unix_ms;
  }
  return !reading.contributor->withdrawn;
}

std::int64_t start_of(const Reading& reading) {
  return reading.contributor == nullptr ? 0 : reading.contributor->started_unix_ms;
}

bool name_matches(std::string_view name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (pattern.ends_with('*')) {
      pattern.remove_suffix(1);
      return name.starts_with(pattern);
    }
    return name == pattern;
  });
}

bool family_matches(const Family& family, const Selection& selection) {
  if (selection.names.empty() || name_matches(family.name, selection.names)) {
    return true;
  }
  if (family.type != wire::Type::kHistogram) {
    return false;
  }
  return std::any_of(selection.names.begin(), selection.names.end(), [&](const std::string& name) {
    return name == family.name + "_bucket" || name == family.name + "_sum" ||
           name == family.name + "_count";
  });
}

bool series_matches(const Registry& registry, const Family& family, const Series& series,
                    const Selection& selection) {
  if (selection.collects.empty()) {
    return true;
  }
  const std::string_view service = registry.service_of(series);
  return std::any_of(selection.collects.begin(), selection.collects.end(),
                     [&](std::string_view wanted) {
                       return wanted == family.group || (!service.empty() && wanted == service);
                     });
}

// Fills a snapshot, family by family, in one pass over the registry.
class Taking {
 public:
  Taking(Registry& registry, const Selection& selection, const SnapshotRules& rules)
      : registry_(registry), selection_(selection), rules_(rules) {
    const std::size_t rows = registry.series_count();
    snapshot_.kinds.reserve(rows);
    snapshot_.values.reserve(rows);
  }

  void add(Family& family);
  [[nodiscard]] Snapshot take() { return std::move(snapshot_); }

 private:
  using Kind = Snapshot::Kind;
  struct Value {
    Kind kind = Kind::kNothing;
    std::uint64_t bits = 0;
  };

  static Value integer(std::uint64_t value) { return {Kind::kInteger, value}; }
  static Value number(double value) { return {Kind::kNumber, std::bit_cast<std::uint64_t>(value)}; }

  Value value_of(const Family& family, std::uint32_t index);
  [[nodiscard]] Value reading_of(const Family& family, const Series& series) const;
  [[nodiscard]] Value counter_of(const Series& series, const Offset* offset) const;
  Value histogram_of(const Series& series, const Offset* offset);
  static void take_off(const Offset& offset, const HistogramValue& value,
                       std::span<std::uint64_t> buckets, double& sum);
  [[nodiscard]] Value zero_of(Value value);
  std::uint32_t layout_index(const std::shared_ptr<const BucketLayout>& layout);

  Registry& registry_;
  const Selection& selection_;
  const SnapshotRules& rules_;
  Snapshot snapshot_;
};

std::uint32_t Taking::layout_index(const std::shared_ptr<const BucketLayout>& layout) {
  std::vector<std::shared_ptr<const BucketLayout>>& layouts = snapshot_.layouts;
  if (layouts.empty() || layouts.back() != layout) {  // mostly that of the row before
    layouts.push_back(layout);
  }
  return static_cast<std::uint32_t>(layouts.size() - 1);
}

void Taking::take_off(const Offset& offset, const HistogramValue& value,
                      std::span<std::uint64_t> buckets, double& sum) {
  if (offset.layout == nullptr) {
    return;
  }
  const std::vector<std::uint16_t> map = fold_map(*offset.layout, *value.layout);
  std::vector<std::uint64_t> before(value.buckets.size());
  for (std::size_t i = 0; i < offset.buckets.size(); ++i) {
    before[map[i]] += offset.buckets[i];
  }
  // Cumulative counts are exact at common bounds, and at +Inf. In between an observation that was
  // folded more than once before the restart may lie in another bucket here than there.
  std::partial_sum(before.begin(), before.end(), before.begin());
  std::partial_sum(buckets.begin(), buckets.end(), buckets.begin());
  std::uint64_t above = UINT64_MAX;
  for (std::size_t i = buckets.size(); i-- > 0;) {
    buckets[i] = std::min(above, buckets[i] - std::min(buckets[i], before[i]));
    above = buckets[i];
  }
  std::adjacent_difference(buckets.begin(), buckets.end(), buckets.begin());
  ExactSum exact = value.sum;
  exact.subtract(offset.sum);
  sum = exact.value();
}

Taking::Value Taking::reading_of(const Family& family, const Series& series) const {
  const AggregatedReading reading =
      aggregate_readings(registry_, series, family.aggregation, rules_.now_unix_ms);
  if (!reading.present) {
    return {};
  }
  return reading.is_integer ? integer(reading.integer) : number(reading.number);
}

Taking::Value Taking::counter_of(const Series& series, const Offset* offset) const {
  const std::uint64_t integers =
      (series.counter == kNone ? 0 : registry_.counters()[series.counter]) -
      (offset == nullptr ? 0 : offset->counter);
  if (series.double_counter == kNone) {
    return integer(integers);
  }
  ExactSum doubles = registry_.double_counters()[series.double_counter];
  if (offset != nullptr) {
    doubles.subtract(offset->doubles);
  }
  return number(static_cast<double>(integers) + doubles.value());
}

Taking::Value Taking::histogram_of(const Series& series, const Offset* offset) {
  const HistogramValue& value = registry_.histograms()[series.histogram];
  Snapshot::Histogram& row = snapshot_.histograms.emplace_back();
  row.first_bucket = snapshot_.buckets.size();
  row.sum = value.sum.value();
  row.layout = layout_index(value.layout);
  snapshot_.buckets.insert(snapshot_.buckets.end(), value.buckets.begin(), value.buckets.end());
  if (offset != nullptr) {
    take_off(*offset, value, std::span(snapshot_.buckets).subspan(row.first_bucket), row.sum);
  }
  return {Kind::kHistogram, snapshot_.histograms.size() - 1};
}

Taking::Value Taking::zero_of(Value value) {
  if (value.kind != Kind::kHistogram) {
    return integer(0);
  }
  Snapshot::Histogram& row = snapshot_.histograms[value.bits];
  std::fill(snapshot_.buckets.begin() + static_cast<std::ptrdiff_t>(row.first_bucket),
            snapshot_.buckets.end(), 0);
  row.sum = 0;
  return value;
}

Taking::Value Taking::value_of(const Family& family, std::uint32_t index) {
  const Series& series = registry_.series(index);
  if (!series_matches(registry_, family, series, selection_)) {
    return {};
  }
  Value value;
  if (family.is_reading()) {
    value = reading_of(family, series);
  } else if (registry_.is_shown(series, rules_.now_unix_ms, rules_.series_ttl_ms)) {
    const Offset* const offset = registry_.offset_of(index);
    value = series.histogram == kNone ? counter_of(series, offset) : histogram_of(series, offset);
  }
  if (value.kind != Kind::kNothing && selection_.from_scraper && registry_.take_zero(index)) {
    return zero_of(value);
  }
  return value;
}

void Taking::add(Family& family) {
  const std::size_t first_block = snapshot_.blocks.size();
  const std::size_t first_row = snapshot_.kinds.size();
  bool any = false;
  for (const std::shared_ptr<RowBlock>& rows : family.blocks) {
    rows->freeze();
    snapshot_.blocks.push_back({rows, snapshot_.kinds.size()});
    for (const std::uint32_t index : rows->series()) {
      const Value value = value_of(family, index);
      any = any || value.kind != Kind::kNothing;
      snapshot_.kinds.push_back(value.kind);
      snapshot_.values.push_back(value.bits);
      if (rules_.starts) {
        snapshot_.started_unix_ms.push_back(registry_.series(index).started_unix_ms);
      }
    }
  }
  if (!any) {
    snapshot_.blocks.resize(first_block);
    snapshot_.kinds.resize(first_row);
    snapshot_.values.resize(first_row);
    snapshot_.started_unix_ms.resize(rules_.starts ? first_row : 0);
    return;
  }
  snapshot_.families.push_back({family.name, family.help, family.unit, family.type, family.origin,
                                first_block, snapshot_.blocks.size() - first_block});
}

}  // namespace

AggregatedReading aggregate_readings(const Registry& registry, const Series& series,
                                     wire::Aggregation aggregation, std::int64_t now_unix_ms) {
  const Family& family = registry.family(series.family);
  if (family.origin == wire::Origin::kExternal) {
    aggregation = wire::Aggregation::kLast;  // somebody else's total is never added up
  }
  const bool by_value =
      aggregation == wire::Aggregation::kMin || aggregation == wire::Aggregation::kMax;
  AggregatedReading result;
  double sum = 0;
  std::uint64_t count = 0;
  std::int64_t newest = 0;
  const Reading* chosen = nullptr;
  for (std::uint32_t index = series.readings; index != kNone;
       index = registry.readings()[index].next) {
    const Reading& reading = registry.readings()[index];
    if (!counts(reading, now_unix_ms)) {
      continue;
    }
    ++count;
    sum += as_number(reading);
    const bool better =
        chosen == nullptr ||
        (by_value && std::isnan(as_number(*chosen))) ||  // no number is above or below it
        (aggregation == wire::Aggregation::kMin && as_number(reading) < as_number(*chosen)) ||
        (aggregation == wire::Aggregation::kMax && as_number(reading) > as_number(*chosen)) ||
        ((aggregation == wire::Aggregation::kLast ||
          aggregation == wire::Aggregation::kPerInstance) &&
         start_of(reading) > newest);
    if (better) {
      chosen = &reading;
      newest = start_of(reading);
    }
  }
  if (chosen == nullptr) {
    return result;
  }
  result.present = true;
  if (aggregation == wire::Aggregation::kSum && count > 1) {
    result.number = sum;
  } else if (aggregation == wire::Aggregation::kMean && count > 1) {
    result.number = sum / static_cast<double>(count);
  } else {
    result.is_integer = chosen->is_integer;
    result.integer = chosen->is_integer ? chosen->integer : 0;
    result.number = chosen->is_integer ? 0 : chosen->number;
  }
  return result;
}

Snapshot take_snapshot(Registry& registry, const Selection& selection, const SnapshotRules& rules) {
  Taking taking(registry, selection, rules);
  for (const std::uint32_t index : registry.shown_families()) {
    Family& family = registry.family(index);
    if (family_matches(family, selection)) {
      taking.add(family);
    }
  }
  return taking.take();
}

}  // namespace weir::sidecar
