#include "sidecar/registry/registry.h"

#include <algorithm>
#include <utility>

#include "schemas/mutant.h"

namespace weir::sidecar {
namespace {

std::string_view type_word(const Family& family) {
  switch (family.type) {
    case wire::Type::kCounter:
      return family.origin == wire::Origin::kExternal ? "external counter" : "counter";
    case wire::Type::kGauge:
      return "gauge";
    case wire::Type::kHistogram:
      return "histogram";
    case wire::Type::kNativeHistogram:
      return "native histogram";
  }
  return "unknown";
}

// Every name under which a family's samples or metadata are printed, in either format.
std::vector<std::string> printed_names(std::string_view name, wire::Type type) {
  std::vector<std::string> names{std::string(name)};
  if (type == wire::Type::kCounter && name.ends_with("_total")) {
    names.emplace_back(name.substr(0, name.size() - 6));  // OpenMetrics' family name
  }
  if (type == wire::Type::kHistogram) {
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
      names.push_back(std::string(name) + std::string(suffix));
    }
  }
  return names;
}

}  // namespace

// ---- Families

std::uint32_t Registry::define_family(const wire::FamilyView& definition,
                                      std::int64_t started_unix_ms) {
  auto by_name = by_name_.find(definition.name);
  if (by_name == by_name_.end()) {
    by_name = by_name_.emplace(std::string(definition.name), std::vector<std::uint32_t>{}).first;
  }
  std::uint32_t index = kNone;
  for (const std::uint32_t candidate : by_name->second) {
    const Family& family = *families_[candidate];
    if (family.type == definition.type && family.origin == definition.origin &&
        family.unit == definition.unit) {
      index = candidate;
    }
  }
  if (index == kNone) {
    index = static_cast<std::uint32_t>(families_.size());
    auto family = std::make_unique<Family>();
    family->name = definition.name;
    family->type = definition.type;
    family->origin = definition.origin;
    family->unit = definition.unit;
    families_.push_back(std::move(family));
    by_name->second.push_back(index);
  }
  Family& family = *families_[index];
  if (started_unix_ms >= family.newest_start_unix_ms) {
    family.newest_start_unix_ms = started_unix_ms;
    family.help = definition.help;
    family.group = definition.group;
    family.hold_ms = definition.hold_ms;
    family.declared_aggregation = definition.aggregation;
    const auto override = aggregation_overrides_.find(definition.name);
    family.aggregation =
        override == aggregation_overrides_.end() ? definition.aggregation : override->second;
  }
  for (std::string& name : printed_names(definition.name, definition.type)) {
    const auto claim = claims_.find(name);
    if (claim == claims_.end()) {
      claims_.emplace(std::move(name), definition.name);
    } else if (claim->second != definition.name && !has_living_publishers(claim->second)) {
      claim->second = definition.name;
    }
  }
  return index;
}

bool Registry::has_living_publishers(std::string_view name) const {
  const auto by_name = by_name_.find(name);
  return by_name != by_name_.end() &&
         std::any_of(by_name->second.begin(), by_name->second.end(),
                     [this](std::uint32_t index) { return families_[index]->publishers > 0; });
}

std::string Registry::why_name_taken(const wire::FamilyView& definition) const {
  for (const std::string& name : printed_names(definition.name, definition.type)) {
    const auto claim = claims_.find(name);
    if (claim != claims_.end() && claim->second != definition.name &&
        has_living_publishers(claim->second)) {
      return "family " + std::string(definition.name) + " would print " + name +
             ", which belongs to family " + claim->second;
    }
  }
  return {};
}

bool Registry::owns_its_names(const Family& family) const {
  const std::vector<std::string> names = printed_names(family.name, family.type);
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto claim = claims_.find(name);
    return claim != claims_.end() && claim->second == family.name;
  });
}

namespace {

std::string described(const Family& family) {
  return std::string(type_word(family)) +
         (family.unit.empty() ? "" : " with the unit " + family.unit);
}

}  // namespace

std::uint32_t Registry::winner_of(const std::vector<std::uint32_t>& candidates) const {
  std::uint32_t winner = kNone;
  for (const std::uint32_t candidate : candidates) {
    if (winner == kNone) {
      winner = candidate;
      continue;
    }
    const Family& challenger = *families_[candidate];
    const Family& holder = *families_[winner];
    const auto rank = [](const Family& family) {
      return std::pair(family.publishers > 0, family.newest_start_unix_ms);
    };
    if (rank(challenger) > rank(holder)) {
      winner = candidate;
    }
  }
  return winner;
}

std::string Registry::why_not_shown(std::uint32_t family) const {
  const Family& mine = *families_[family];
  const std::uint32_t winner = winner_of(by_name_.find(mine.name)->second);
  return winner == family ? ""
                          : "family " + mine.name + " is a " + described(mine) +
                                " here, but a more recently started publisher defines it as a " +
                                described(*families_[winner]);
}

std::string Registry::whom_it_hides(std::uint32_t family) const {
  const Family& mine = *families_[family];
  const std::vector<std::uint32_t>& candidates = by_name_.find(mine.name)->second;
  if (winner_of(candidates) != family) {
    return {};
  }
  for (const std::uint32_t candidate : candidates) {
    const Family& other = *families_[candidate];
    if (candidate != family && other.publishers > 0) {
      return "family " + mine.name + " is a " + described(mine) +
             " here; publishers that started earlier define it as a " + described(other) +
             ", and that is not shown any more";
    }
  }
  return {};
}

std::vector<std::uint32_t> Registry::shown_families() const {
  std::vector<std::uint32_t> shown;
  shown.reserve(by_name_.size());
  for (const auto& [name, candidates] : by_name_) {
    const std::uint32_t winner = winner_of(candidates);
    if (owns_its_names(*families_[winner])) {
      shown.push_back(winner);
    }
  }
  return shown;
}

// ---- Series

std::uint32_t Registry::counter_of(std::uint32_t series) {
  std::uint32_t& slot = rows_[series].counter;
  if (slot == kNone) {
    slot = counters_.take();
  }
  return slot;
}

std::uint32_t Registry::double_counter_of(std::uint32_t series) {
  std::uint32_t& slot = rest_[series].double_counter;
  if (slot == kNone) {
    slot = double_counters_.take();
    rows_[series].has_doubles = true;
  }
  return slot;
}

std::uint32_t Registry::histogram_of(std::uint32_t series,
                                     std::shared_ptr<const BucketLayout> layout) {
  std::uint32_t& slot = rest_[series].histogram;
  if (slot == kNone) {
    slot = histograms_.take();
    histograms_[slot].buckets = bucket_runs_.take(layout->le.size());
    histograms_[slot].layout = std::move(layout);
  }
  return slot;
}

HistogramCopy Registry::copy_histogram(std::uint32_t histogram) const {
  const HistogramValue& value = histograms_[histogram];
  return {value.layout, {value.buckets.begin(), value.buckets.end()}, value.count, value.sum};
}

void Registry::restore_histogram(std::uint32_t histogram, const HistogramCopy& from) {
  HistogramValue& value = histograms_[histogram];
  if (value.buckets.size() != from.buckets.size()) {
    bucket_runs_.give_back(std::exchange(value.buckets, bucket_runs_.take(from.buckets.size())));
  }
  std::copy(from.buckets.begin(), from.buckets.end(), value.buckets.begin());
  value.layout = from.layout;
  value.count = from.count;
  value.sum = from.sum;
}

std::shared_ptr<const BucketLayout> Registry::declare_bounds(std::uint32_t family,
                                                             std::string_view service,
                                                             std::span<const double> bounds,
                                                             std::int64_t started_unix_ms) {
  Family& owner = *families_[family];
  auto at = owner.layouts.find(service);
  if (at == owner.layouts.end()) {
    at = owner.layouts.emplace(std::string(service), Family::Layout{}).first;
  }
  Family::Layout& in_force = at->second;
  const bool same = in_force.layout != nullptr &&
                    std::equal(bounds.begin(), bounds.end(), in_force.layout->bounds.begin(),
                               in_force.layout->bounds.end());
  if (same || (in_force.layout != nullptr && started_unix_ms < in_force.set_by_start_unix_ms)) {
    return in_force.layout;
  }
  in_force.set_by_start_unix_ms = started_unix_ms;
  in_force.layout = make_layout(bounds);
  const std::uint32_t group = intern_service(service);
  const auto fold = [&](const SeriesRest& series) {
    if (series.service != group || series.histogram == kNone) {
      return;
    }
    HistogramValue& value = histograms_[series.histogram];
    const std::vector<std::uint16_t> map = fold_map(*value.layout, *in_force.layout);
    const std::span<std::uint64_t> folded = bucket_runs_.take(in_force.layout->le.size());
    for (std::size_t i = 0; i < map.size(); ++i) {
      folded[map[i]] += value.buckets[i];
    }
    bucket_runs_.give_back(std::exchange(value.buckets, folded));
    value.layout = in_force.layout;
  };
  for (const std::shared_ptr<RowBlock>& block : owner.blocks) {
    for (const std::uint32_t index : block->series()) {
      fold(rest_[index]);
    }
  }
  return in_force.layout;
}

// ---- Readings

std::uint32_t Registry::add_reading(std::uint32_t series, const Contributor* contributor) {
  const std::uint32_t index = readings_.take();
  Reading& reading = readings_[index];
  reading.contributor = contributor;
  reading.series = series;
  reading.next = rest_[series].readings;
  rest_[series].readings = index;
  return index;
}

void Registry::remove_reading(std::uint32_t reading) {
  std::uint32_t* link = &rest_[readings_[reading].series].readings;
  while (*link != reading) {
    link = &readings_[*link].next;
  }
  *link = readings_[reading].next;
  readings_.give_back(reading);
}

void Registry::hold_reading(std::uint32_t reading, std::int64_t until_unix_ms) {
  readings_[reading].held_until_unix_ms = until_unix_ms;
  readings_[reading].contributor = nullptr;  // the instance may be forgotten before its reading is
  held_changed_ = true;
}

// ---- Life

void Registry::show(std::uint32_t series) {
  rows_[series].shown_by++;
}

void Registry::unshow(std::uint32_t series, std::int64_t now_unix_ms, bool removed) {
  if (--rows_[series].shown_by == 0) {
    SeriesRest& shown = rest_[series];
    shown.left_unix_ms = std::max(shown.left_unix_ms, now_unix_ms);
    shown.removed = removed;
  }
}

bool Registry::is_shown(const Series& series, std::int64_t now_unix_ms,
                        std::int64_t series_ttl_ms) const {
  return series.shown_by > 0 ||
         (!series.removed && now_unix_ms - series.left_unix_ms < series_ttl_ms);
}

std::size_t Registry::expire(std::int64_t now_unix_ms, std::int64_t series_ttl_ms,
                             std::int64_t retired_ttl_ms,
                             const std::function<void(std::uint32_t series)>& freed) {
  std::size_t count = 0;
  readings_.for_each([&](std::uint32_t index, const Reading& reading) {
    if (reading.held_until_unix_ms != 0 && now_unix_ms >= reading.held_until_unix_ms) {
      remove_reading(index);
    }
  });
  for (const std::unique_ptr<Family>& family : families_) {
    const auto gone = [&](std::uint32_t index) {
      const Series series = this->series(index);
      if (series.referenced_by > 0 || (family->is_reading() && series.readings != kNone) ||
          is_shown(series, now_unix_ms, series_ttl_ms)) {
        return false;
      }
      if (mutant::lacks(mutant::Rule::kTtlHidesOnly)) {
        return true;
      }
      return family->is_reading() || now_unix_ms - series.left_unix_ms >= retired_ttl_ms;
    };
    const std::size_t before = family->series_count;
    take_out(*family, [&](std::uint32_t index) {
      if (!gone(index)) {
        return false;
      }
      if (freed) {
        freed(index);
      }
      return true;
    });
    count += before - family->series_count;
  }
  return count;
}

}  // namespace weir::sidecar
