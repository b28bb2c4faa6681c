// The series of a registry: look-up, making, hiding. The part of RegistryCore that with() runs.
#include <algorithm>
#include <chrono>
#include <exception>

#include "registry_core.h"
#include "schemas/limits.h"
#include "validation.h"
#include "value_hash.h"

namespace weir {
namespace {

std::int64_t unix_ms_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

SeriesCore* RegistryCore::series_of(FamilyCore& family,
                                    std::span<const std::string_view> values) noexcept {
  const std::uint64_t hash = hash_values(family.seed, values);
  SeriesCache* cache = cells::thread_cache();
  if (cache != nullptr) [[likely]] {
    const SeriesCache::Entry& entry = cache->entry(hash);
    if (entry.family_serial == family.serial && entry.hash == hash &&
        !entry.series->hidden.load(std::memory_order_relaxed) &&
        entry.series->label_values == values) [[likely]] {
      return entry.series;
    }
  }
  try {
    SeriesCore* series = find_or_make(family, values, hash);
    if (cache != nullptr && series != nullptr) {
      cache->entry(hash) = {family.serial, hash, series};
    }
    return series;
  } catch (const std::exception& error) {  // out of memory
    refuse(error.what());
    return nullptr;
  }
}

SeriesCore* RegistryCore::find_or_make(FamilyCore& family, std::span<const std::string_view> values,
                                       std::uint64_t hash) {
  {
    const std::shared_lock lock(mutex_);
    SeriesCore* series = family.index.find(hash, values);
    if (series != nullptr && !series->hidden.load(std::memory_order_relaxed)) {
      return series;
    }
  }
  const std::unique_lock lock(mutex_);
  if (SeriesCore* series = family.index.find(hash, values); series != nullptr) {
    set_hidden(*series, false);
    return series;
  }
  return make(family, values, hash);
}

SeriesCore* RegistryCore::make(FamilyCore& family, std::span<const std::string_view> values,
                               std::uint64_t hash) {
  if (std::string reason = why_bad_values(family, values); !reason.empty()) {
    refuse(reason);
    return nullptr;
  }
  if (series_.size() >= std::min(options_.series_max, wire::Limits{}.series_per_publisher_max)) {
    refuse("metric \"" + family.definition->name + "\": the registry is full, the limit is " +
           std::to_string(series_.size()) + " series");
    return nullptr;
  }
  PackedStrings label_values(values);
  family.index.reserve_one();
  std::vector<SeriesCore*>& siblings = family.definition->series;
  if (siblings.size() == siblings.capacity()) {
    siblings.reserve(2 * siblings.size() + 1);
  }
  SeriesCore& series = series_.emplace_back();
  // From here on nothing throws but give_value(), which leaves nothing behind.
  series.family = &family;
  series.hash = hash;
  series.id = static_cast<std::uint32_t>(series_.size() - 1);
  series.started_unix_ms = unix_ms_now();
  series.label_values = std::move(label_values);
  bool has_value = false;
  try {
    has_value = give_value(series);
  } catch (...) {
    series_.pop_back();
    throw;
  }
  if (!has_value) {
    refuse("metric \"" + family.definition->name + "\": no memory for its cells");
    series_.pop_back();
    return nullptr;
  }
  note_in_file(series);  // before anything can be counted in it
  family.index.insert(&series);
  siblings.push_back(&series);
  return &series;
}

bool RegistryCore::give_value(SeriesCore& series) {
  const FamilyDefinition& definition = *series.family->definition;
  switch (definition.kind) {
    case MetricKind::kCounter:
    case MetricKind::kDoubleCounter:
      series.cell = arena_.allocate(1);
      return series.cell != 0;
    case MetricKind::kHistogram:
      series.cell = arena_.allocate(cells::kHistogramHeaderCells + definition.layout->count + 1);
      return series.cell != 0;
    case MetricKind::kExternalCounter:
      series.total = &totals_.emplace_back(kUnsetTotal);
      return true;
    case MetricKind::kExternalDoubleCounter:
      series.value = &values_.emplace_back(kUnsetValue);
      return true;
    case MetricKind::kGauge:
      series.value = &values_.emplace_back(0.0);
      return true;
  }
  return false;
}

// A reading that comes back must not show what was read before it went.
void RegistryCore::forget_external(SeriesCore& series) {
  switch (series.family->definition->kind) {
    case MetricKind::kExternalCounter:
      series.total->store(kUnsetTotal, std::memory_order_relaxed);
      break;
    case MetricKind::kExternalDoubleCounter:
      series.value->store(kUnsetValue, std::memory_order_relaxed);
      break;
    default:
      break;
  }
}

void RegistryCore::set_hidden(SeriesCore& series, bool hidden) {
  if (hidden) {
    forget_external(series);
  }
  if (series.hidden.exchange(hidden, std::memory_order_relaxed) != hidden) {
    // Release: who sees the new version sees the flag. Pairs with visibility_version().
    visibility_version_.fetch_add(1, std::memory_order_release);
  }
}

void RegistryCore::remove(FamilyCore& family, std::span<const std::string_view> values) noexcept {
  const std::unique_lock lock(mutex_);
  if (SeriesCore* series = family.index.find(hash_values(family.seed, values), values);
      series != nullptr) {
    set_hidden(*series, true);
  }
}

void RegistryCore::remove_all(FamilyCore& family) noexcept {
  const std::unique_lock lock(mutex_);
  for (SeriesCore* series : family.definition->series) {
    if (series->family == &family) {
      set_hidden(*series, true);
    }
  }
}

template <>
Counter RegistryCore::handle<Counter>(const SeriesCore& series) {
  return Counter(series.cell);
}
template <>
DoubleCounter RegistryCore::handle<DoubleCounter>(const SeriesCore& series) {
  return DoubleCounter(series.cell);
}
template <>
ExternalCounter RegistryCore::handle<ExternalCounter>(const SeriesCore& series) {
  return ExternalCounter(series.total);
}
template <>
ExternalDoubleCounter RegistryCore::handle<ExternalDoubleCounter>(const SeriesCore& series) {
  return ExternalDoubleCounter(series.value);
}
template <>
Gauge RegistryCore::handle<Gauge>(const SeriesCore& series) {
  return Gauge(series.value);
}
template <>
Histogram RegistryCore::handle<Histogram>(const SeriesCore& series) {
  return Histogram(series.cell, series.family->definition->layout.get());
}

}  // namespace weir
