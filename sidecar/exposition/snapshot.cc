#include "sidecar/exposition/snapshot.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "sidecar/exposition/two_threads.h"

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

// Fills a snapshot. First the page is laid out, then the values are put in their places: in the
// order in which series lie in memory. Those of a page's neighbours lie far from each other where
// publishers announce family by family, so the other order costs three times as much.
class Taking {
 public:
  Taking(Registry& registry, const Selection& selection, const SnapshotRules& rules)
      : registry_(registry), selection_(selection), rules_(rules) {}

  [[nodiscard]] Snapshot take();

 private:
  using Kind = Snapshot::Kind;
  struct Value {
    Kind kind = Kind::kNothing;
    std::uint64_t bits = 0;
  };

  static Value integer(std::uint64_t value) { return {Kind::kInteger, value}; }
  static Value number(double value) { return {Kind::kNumber, std::bit_cast<std::uint64_t>(value)}; }

  void lay_out(std::uint32_t index);
  void put_all(std::size_t rows);
  void put(std::uint32_t index, const SeriesRow& row);
  void put(const SeriesRow& row, std::uint32_t index, Value value);
  void leave_out_empty_families();
  Value value_of(const Family& family, std::uint32_t index, const Series& series);
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

  struct Place {
    std::uint32_t family = kNone;  // here; kNone: it is not on the page
    std::uint32_t first_block = 0;
    bool counts = false;  // its series are own counters, and nothing else is to be asked of them
  };
  std::vector<Place> places_;        // by the registry's family,
  std::vector<std::uint8_t> shows_;  // and whether any of its series is shown

  // A walk through a part of the rows, which may go beside another: it puts the plain ones in
  // place, and finds the others.
  struct Walk {
    std::vector<std::uint8_t> shows;  // as shows_
    std::vector<std::uint32_t> others;
  };
  void walk(std::uint32_t part, std::uint32_t parts, Walk& walk);
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

Taking::Value Taking::value_of(const Family& family, std::uint32_t index, const Series& series) {
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

void Taking::lay_out(std::uint32_t index) {
  Family& family = registry_.family(index);
  places_[index] = {static_cast<std::uint32_t>(snapshot_.families.size()),
                    static_cast<std::uint32_t>(snapshot_.blocks.size()),
                    !family.is_reading() && family.type == wire::Type::kCounter &&
                        selection_.collects.empty() && registry_.has_no_offsets()};
  snapshot_.families.push_back({family.name, family.help, family.unit, family.type, family.origin,
                                snapshot_.blocks.size(), family.blocks.size()});
  std::size_t row = snapshot_.blocks.empty()
                        ? 0
                        : snapshot_.blocks.back().first_row + snapshot_.blocks.back().rows->size();
  for (const std::shared_ptr<RowBlock>& rows : family.blocks) {
    rows->freeze();
    snapshot_.blocks.push_back({rows, row});
    row += rows->size();
  }
}

void Taking::put(std::uint32_t index, const SeriesRow& row) {
  const Value value = value_of(registry_.family(row.family), index, registry_.series(index));
  put(row, index, value);
  shows_[row.family] |= static_cast<std::uint8_t>(value.kind != Kind::kNothing);
}

void Taking::put(const SeriesRow& row, std::uint32_t index, Value value) {
  const Place& place = places_[row.family];
  const Snapshot::Block& block = snapshot_.blocks[place.first_block + row.place / RowBlock::kRows];
  const std::size_t at = block.first_row + row.place % RowBlock::kRows;
  snapshot_.kinds[at] = value.kind;
  snapshot_.values[at] = value.bits;
  if (rules_.starts) {
    snapshot_.started_unix_ms[at] = registry_.series(index).started_unix_ms;
  }
}

void Taking::walk(std::uint32_t part, std::uint32_t parts, Walk& walk) {
  walk.shows.resize(places_.size());
  const Registry& registry = registry_;
  registry.for_each_row(part, parts, [&](std::uint32_t index, const SeriesRow& row) {
    const Place& place = places_[row.family];
    if (place.counts && row.shown_by > 0 && !row.zero_pending && !row.has_doubles &&
        row.counter != kNone) [[likely]] {
      put(row, index, integer(registry.counters()[row.counter]));
      walk.shows[row.family] = 1;
    } else if (place.family != kNone) {
      walk.others.push_back(index);
    }
  });
}

// Ingest waits meanwhile, so many rows are walked by two.
void Taking::put_all(std::size_t rows) {
  constexpr std::size_t kManyRows = 50'000;
  std::vector<Walk> walks(rows < kManyRows ? 1 : 2);
  if (walks.size() > 1) {
    on_two_threads([&] { walk(0, 2, walks[0]); }, [&] { walk(1, 2, walks[1]); });
  } else {
    walk(0, 1, walks[0]);
  }
  for (const Walk& walk : walks) {
    for (std::size_t family = 0; family < shows_.size(); ++family) {
      shows_[family] |= walk.shows[family];
    }
    for (const std::uint32_t index : walk.others) {
      put(index, registry_.series(index));
    }
  }
}

void Taking::leave_out_empty_families() {
  std::vector<std::uint8_t> shows(snapshot_.families.size());
  for (std::size_t family = 0; family < places_.size(); ++family) {
    if (places_[family].family != kNone) {
      shows[places_[family].family] = shows_[family];
    }
  }
  std::size_t at = 0;
  std::erase_if(snapshot_.families, [&](const Snapshot::Family&) { return shows[at++] == 0; });
}

Snapshot Taking::take() {
  places_.resize(registry_.definition_count());
  shows_.resize(places_.size());
  for (const std::uint32_t index : registry_.shown_families()) {
    if (family_matches(registry_.family(index), selection_)) {
      lay_out(index);
    }
  }
  if (!snapshot_.blocks.empty()) {
    const Snapshot::Block& last = snapshot_.blocks.back();
    const std::size_t rows = last.first_row + last.rows->size();
    snapshot_.kinds.resize(rows);
    snapshot_.values.resize(rows);
    snapshot_.started_unix_ms.resize(rules_.starts ? rows : 0);
  }
  if (selection_.names.empty()) {
    // Grown by doubling, they would stand beside their copies.
    snapshot_.histograms.reserve(registry_.histograms().used());
    snapshot_.buckets.reserve(registry_.bucket_count());
    put_all(snapshot_.kinds.size());
  } else {
    for (const Snapshot::Block& block : snapshot_.blocks) {
      for (const std::uint32_t index : block.rows->series()) {
        put(index, registry_.series(index));
      }
    }
  }
  leave_out_empty_families();
  return std::move(snapshot_);
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
  return Taking(registry, selection, rules).take();
}

}  // namespace weir::sidecar
