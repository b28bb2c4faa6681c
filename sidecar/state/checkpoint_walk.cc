#include "sidecar/state/checkpoint_walk.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sidecar/state/series_record.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kSeriesAtOnce = 1024;

std::vector<std::uint32_t> ids_from(std::size_t first, std::size_t count) {
  std::vector<std::uint32_t> ids(count);
  std::iota(ids.begin(), ids.end(), static_cast<std::uint32_t>(first));
  return ids;
}

}  // namespace

bool CheckpointWalk::definitions(std::size_t enough, Bytes& out) {
  while (at_ < entries_.size() && out.size() < enough) {
    Instance& instance = *entries_[at_].instance;
    if (!std::exchange(begun_, true)) {
      begin_definitions(instance, out);
    }
    some_series(instance, out);
    if (next_ == end_) {
      ++at_;
      begun_ = false;
    }
  }
  if (at_ < entries_.size()) {
    return true;
  }
  at_ = 0;
  return false;
}

// What is announced from now on is for the next checkpoint: of a series that is written here, the
// family is, too.
void CheckpointWalk::begin_definitions(Instance& instance, Bytes& out) {
  Unwritten& unwritten = instance.unwritten;
  unwritten.begin_filing();
  next_ = 0;
  end_ = all_ ? instance.targets.size() : unwritten.series_unfiled().size();
  if (all_) {
    writer_.definitions(instance, true, ids_from(0, instance.families.size()), {}, out);
  } else if (unwritten.identity_unfiled() || !unwritten.families_unfiled().empty()) {
    writer_.definitions(instance, unwritten.identity_unfiled(), unwritten.families_unfiled(), {},
                        out);
  }
}

void CheckpointWalk::some_series(const Instance& instance, Bytes& out) {
  const std::size_t count = std::min(kSeriesAtOnce, end_ - next_);
  if (count == 0) {
    return;
  }
  if (all_) {
    writer_.definitions(instance, false, {}, ids_from(next_, count), out);
  } else {
    writer_.definitions(instance, false, {},
                        instance.unwritten.series_unfiled().subspan(next_, count), out);
  }
  next_ += count;
}

bool CheckpointWalk::totals(std::size_t enough, Bytes& out) {
  while (at_ < entries_.size() && out.size() < enough) {
    const Entry& entry = entries_[at_];
    const std::uint32_t from = next_total_;
    if (entry.retired != nullptr) {
      next_total_ = writer_.retired_totals(*entry.retired, from, enough, out);
    } else {
      if (from == 0) {
        entry.instance->unwritten.begin_totals();
      }
      next_total_ = writer_.some_totals(*entry.instance, from, enough, out);
      unshown(*entry.instance, from, out);
    }
    if (next_total_ == Unwritten::kAllTaken) {
      ++at_;
      next_total_ = 0;
    }
  }
  return at_ < entries_.size();
}

// Of the series whose totals this step has written.
void CheckpointWalk::unshown(const Instance& instance, std::uint32_t from, Bytes& out) const {
  if (registry_.any_unshown()) {
    const auto end = std::min(next_total_, static_cast<std::uint32_t>(instance.series.size()));
    append_unshown(out, registry_, instance, from, end);
  }
}

void CheckpointWalk::filed() {
  for (const Entry& entry : entries_) {
    entry.instance->unwritten.filed();
  }
}

}  // namespace weir::sidecar
