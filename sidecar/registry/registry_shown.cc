// What of a series a scraper has seen: its first zero, and the total at which it began anew. The
// part of Registry that is about exposition over time.
#include <utility>

#include "sidecar/registry/registry.h"

namespace weir::sidecar {

void Registry::note_unshown(std::uint32_t series) {
  // Most are shown soon; a list of all that ever were not would only grow.
  constexpr std::size_t kTidyFrom = 1024;
  if (unshown_.size() >= kTidyFrom && unshown_.size() >= 2 * unshown_count_) {
    std::erase_if(unshown_, [&](std::uint32_t index) {
      return !rows_.holds(index) || !rows_[index].zero_pending;
    });
  }
  unshown_.push_back(series);
  ++unshown_count_;
}

void Registry::all_shown() {
  for (const std::uint32_t index : unshown_) {
    if (rows_.holds(index)) {
      rows_[index].zero_pending = false;
    }
  }
  unshown_.clear();
  unshown_count_ = 0;
}

void Registry::not_shown(std::uint32_t series) {
  if (!std::exchange(rows_[series].zero_pending, true)) {
    note_unshown(series);
  }
}

void Registry::restart(std::uint32_t series, std::int64_t now_unix_ms) {
  rest_[series].started_unix_ms = now_unix_ms;
  const Series restarted = this->series(series);
  // A fast counter is above 0 again before the next scrape, and may be above what was scraped last:
  // then nobody sees that it began again.
  if (shows_zero_first()) {
    not_shown(series);
  }
  offsets_changed_ = true;
  Offset& offset = offsets_[series];
  if (restarted.counter != kNone) {
    offset.counter = counters_[restarted.counter];
  }
  if (restarted.double_counter != kNone) {
    offset.doubles = double_counters_[restarted.double_counter];
  }
  if (restarted.histogram != kNone) {
    const HistogramValue& value = histograms_[restarted.histogram];
    offset.buckets.assign(value.buckets.begin(), value.buckets.end());
    offset.layout = value.layout;
    offset.sum = value.sum;
  }
}

const Offset* Registry::offset_of(std::uint32_t series) const {
  if (offsets_.empty()) {
    return nullptr;
  }
  const auto at = offsets_.find(series);
  return at == offsets_.end() ? nullptr : &at->second;
}

void Registry::restore_offset(std::uint32_t series, Offset offset) {
  offsets_[series] = std::move(offset);
}

}  // namespace weir::sidecar
