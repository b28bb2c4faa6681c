#include "sidecar/exposition/snapshot.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

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

bool series_matches(const Family& family, const Series& series, const Selection& selection) {
  if (selection.collects.empty()) {
    return true;
  }
  return std::any_of(
      selection.collects.begin(), selection.collects.end(), [&](std::string_view wanted) {
        return wanted == family.group || (!series.service.empty() && wanted == series.service);
      });
}

std::uint32_t layout_index(SnapshotFamily& family,
                           const std::shared_ptr<const BucketLayout>& layout) {
  const auto at = std::find(family.layouts.begin(), family.layouts.end(), layout);
  if (at != family.layouts.end()) {
    return static_cast<std::uint32_t>(at - family.layouts.begin());
  }
  family.layouts.push_back(layout);
  return static_cast<std::uint32_t>(family.layouts.size() - 1);
}

void take_off(const Offset& offset, const HistogramValue& value, SnapshotRow& row,
              Snapshot& snapshot) {
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
  const std::span<std::uint64_t> buckets(&snapshot.buckets[row.first_bucket], before.size());
  std::partial_sum(before.begin(), before.end(), before.begin());
  std::partial_sum(buckets.begin(), buckets.end(), buckets.begin());
  std::uint64_t above = UINT64_MAX;
  for (std::size_t i = buckets.size(); i-- > 0;) {
    buckets[i] = std::min(above, buckets[i] - std::min(buckets[i], before[i]));
    above = buckets[i];
  }
  std::adjacent_difference(buckets.begin(), buckets.end(), buckets.begin());
  ExactSum sum = value.sum;
  sum.subtract(offset.sum);
  row.sum = sum.value();
}

// False if the series has nothing to show.
bool fill_row(const Registry& registry, const Family& family, std::uint32_t index,
              const SnapshotRules& rules, SnapshotFamily& out, Snapshot& snapshot,
              SnapshotRow& row) {
  const Series& series = registry.series(index);
  row.labels = series.labels;
  row.started_unix_ms = series.started_unix_ms;
  if (family.is_reading()) {
    const AggregatedReading reading =
        aggregate_readings(registry, series, family.aggregation, rules.now_unix_ms);
    row.kind = reading.is_integer ? SnapshotRow::Kind::kInteger : SnapshotRow::Kind::kNumber;
    if (reading.is_integer) {
      row.integer = reading.integer;
    } else {
      row.number = reading.number;
    }
    return reading.present;
  }
  if (!registry.is_shown(series, rules.now_unix_ms, rules.series_ttl_ms)) {
    return false;
  }
  const Offset* const offset = registry.offset_of(index);
  if (series.histogram != kNone) {
    const HistogramValue& value = registry.histograms()[series.histogram];
    row.kind = SnapshotRow::Kind::kHistogram;
    row.first_bucket = snapshot.buckets.size();
    row.sum = value.sum.value();
    row.layout = layout_index(out, value.layout);
    snapshot.buckets.insert(snapshot.buckets.end(), value.buckets.begin(), value.buckets.end());
    if (offset != nullptr) {
      take_off(*offset, value, row, snapshot);
    }
    return true;
  }
  const std::uint64_t integers =
      (series.counter == kNone ? 0 : registry.counters()[series.counter]) -
      (offset == nullptr ? 0 : offset->counter);
  if (series.double_counter == kNone) {
    row.kind = SnapshotRow::Kind::kInteger;
    row.integer = integers;
  } else {
    row.kind = SnapshotRow::Kind::kNumber;
    ExactSum doubles = registry.double_counters()[series.double_counter];
    if (offset != nullptr) {
      doubles.subtract(offset->doubles);
    }
    row.number = static_cast<double>(integers) + doubles.value();
  }
  return true;
}

void show_zero(SnapshotRow& row, Snapshot& snapshot) {
  if (row.kind == SnapshotRow::Kind::kHistogram) {
    std::fill(snapshot.buckets.begin() + static_cast<std::ptrdiff_t>(row.first_bucket),
              snapshot.buckets.end(), 0);
    row.sum = 0;
  } else {
    row.kind = SnapshotRow::Kind::kInteger;
    row.integer = 0;
  }
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
  Snapshot snapshot;
  for (const std::uint32_t index : registry.shown_families()) {
    const Family& family = registry.family(index);
    if (!family_matches(family, selection)) {
      continue;
    }
    SnapshotFamily out;
    out.rows.reserve(family.series.size());
    for (const std::uint32_t series_index : family.series) {
      const Series& series = registry.series(series_index);
      SnapshotRow row;
      if (series_matches(family, series, selection) &&
          fill_row(registry, family, series_index, rules, out, snapshot, row)) {
        if (selection.from_scraper && registry.take_zero(series_index)) {
          show_zero(row, snapshot);
        }
        out.rows.push_back(row);
      }
    }
    if (out.rows.empty()) {
      continue;
    }
    out.name = family.name;
    out.help = family.help;
    out.unit = family.unit;
    out.type = family.type;
    out.origin = family.origin;
    snapshot.families.push_back(std::move(out));
  }
  return snapshot;
}

}  // namespace weir::sidecar
