#include "collectors/readings.h"

#include <cstring>

namespace weir::collectors {
namespace {

// Behind its length, so that no value can look like two.
void append_value(std::string& key, std::string_view value) {
  const auto length = static_cast<std::uint32_t>(value.size());
  std::array<char, sizeof(length)> bytes;
  std::memcpy(bytes.data(), &length, sizeof(length));
  key.append(bytes.data(), bytes.size());
  key.append(value);
}

// The inverse: takes the next value off the front of the key.
std::string_view take_value(std::string_view& key) {
  std::uint32_t length = 0;
  std::memcpy(&length, key.data(), sizeof(length));
  const std::string_view value = key.substr(sizeof(length), length);
  key.remove_prefix(sizeof(length) + length);
  return value;
}

bool matches(std::string_view key, std::span<const std::string_view> values) {
  for (const std::string_view value : values) {
    if (key.empty() || take_value(key) != value) {
      return false;
    }
  }
  return key.empty();
}

std::vector<std::string_view> values_of(std::string_view key) {
  std::vector<std::string_view> values;
  while (!key.empty()) {
    values.push_back(take_value(key));
  }
  return values;
}

}  // namespace

template <typename Handle>
StagedSeries<Handle>& StagedFamilyOf<Handle>::find(std::span<const std::string_view> values) {
  // Fast path: updates touch their series in the same order each time.
  if (cursor_ < series_.size() && matches(series_[cursor_]->key, values)) {
    return *series_[cursor_++];
  }
  scratch_.clear();
  for (const std::string_view value : values) {
    append_value(scratch_, value);
  }
  if (const auto known = by_key_.find(scratch_); known != by_key_.end()) {
    cursor_ = known->second->position + 1;
    return *known->second;
  }
  auto made = std::make_unique<Series>();
  made->key = scratch_;
  made->position = series_.size();
  Series& series = *made;
  by_key_.emplace(series.key, &series);
  series_.push_back(std::move(made));
  return series;
}

template <typename Handle>
template <typename Predicate>
void StagedFamilyOf<Handle>::keep_if(const Predicate& keep) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (!keep(*series_[i])) {
      by_key_.erase(series_[i]->key);
      continue;
    }
    series_[i]->position = kept;
    if (kept != i) {
      series_[kept] = std::move(series_[i]);
    }
    ++kept;
  }
  series_.resize(kept);
}

template <typename Handle>
void StagedFamilyOf<Handle>::commit(bool withdrawn) {
  keep_if([this, withdrawn](Series& series) {
    const bool shown = series.exported && !withdrawn;
    if (series.touched != update_) {
      if (shown) {
        family_.remove_values(values_of(series.key));
      }
      return false;
    }
    // Before with(): a series that comes back must not show its old value, not even once.
    series.handle.set(series.value);
    if (!shown) {
      series.handle = family_.with_values(values_of(series.key));
      series.handle.set(series.value);
      series.exported = true;
    }
    return true;
  });
}

template <typename Handle>
void StagedFamilyOf<Handle>::discard() {
  keep_if([](const Series& series) { return series.exported; });
}

template class StagedFamilyOf<Gauge>;
template class StagedFamilyOf<ExternalCounter>;
template class StagedFamilyOf<ExternalDoubleCounter>;

void ReadingsSet::begin() {
  const std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    family->begin();
  }
}

void ReadingsSet::commit() {
  const std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    family->commit(withdrawn_);
  }
  withdrawn_ = false;
}

void ReadingsSet::fail() {
  const std::lock_guard lock(mutex_);
  for (const auto& family : families_) {
    family->discard();
  }
  withdraw_locked();
}

void ReadingsSet::withdraw() {
  const std::lock_guard lock(mutex_);
  withdraw_locked();
}

void ReadingsSet::withdraw_locked() {
  if (!withdrawn_) {
    for (const auto& family : families_) {
      family->withdraw();
    }
    withdrawn_ = true;
  }
}

}  // namespace weir::collectors
