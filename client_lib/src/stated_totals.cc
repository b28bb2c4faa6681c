#include "stated_totals.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "cell_reader.h"
#include "family_core.h"

namespace weir {
namespace {

// Who reads a base that is not there reads 0.
void add_base(Bases& bases, std::uint32_t series, std::size_t slot, std::uint64_t value) {
  if (value != 0) {
    bases.push_back({series, static_cast<std::uint32_t>(slot), value});
  }
}

}  // namespace

std::size_t StatedCounters::add(const SeriesCore& series) {
  ids_.push_back(series.id);
  cells_.push_back(series.cell);
  stated_.push_back(kNever);
  totals_.push_back(0);
  return ids_.size() - 1;
}

void StatedCounters::read() {
  cells::read_counters(cells_, totals_);
  for (std::size_t i = 0; i < base_.size(); ++i) {
    totals_[i] -= base_[i];
  }
}

void StatedCounters::forget(std::size_t index) {
  increments_stated_ -= stated_[index] == kNever ? 0 : stated_[index];
  stated_[index] = kNever;
}

void StatedCounters::rebase() {
  increments_stated_ = 0;
  base_.resize(ids_.size());
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    base_[i] += stated_[i] == kNever ? 0 : stated_[i];
    stated_[i] = kNever;
  }
}

void StatedCounters::add_bases(Bases& bases) const {
  for (std::size_t i = 0; i < base_.size(); ++i) {
    add_base(bases, ids_[i], 0, base_[i]);
  }
}

bool StatedCounters::take(Taking taking, FrameContents& contents) {
  if (taking == Taking::kStated) {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (stated_[i] != kNever) {
        contents.counter_ids.push_back(ids_[i]);
        contents.counter_totals.push_back(stated_[i]);
      }
    }
    return false;
  }
  read();
  bool moved = false;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    if (totals_[i] == stated_[i] && taking == Taking::kChanged) [[likely]] {
      continue;
    }
    moved = moved || totals_[i] != stated_[i];
    increments_stated_ += totals_[i] - (stated_[i] == kNever ? 0 : stated_[i]);
    stated_[i] = totals_[i];
    contents.counter_ids.push_back(ids_[i]);
    contents.counter_totals.push_back(totals_[i]);
  }
  return moved;
}

bool StatedCounters::moved() {
  read();
  return totals_ != stated_;
}

std::uint64_t StatedCounters::increments_now() {
  read();
  return std::accumulate(totals_.begin(), totals_.end(), std::uint64_t{0});
}

std::size_t StatedDoubles::add(const SeriesCore& series) {
  ids_.push_back(series.id);
  cells_.push_back(series.cell);
  stated_.push_back(kNever);
  totals_.push_back(0);
  return ids_.size() - 1;
}

void StatedDoubles::read() {
  cells::read_doubles(cells_, totals_);
  for (std::size_t i = 0; i < base_.size(); ++i) {
    totals_[i] = std::max(0.0, totals_[i] - base_[i]);  // the base may be rounded up
  }
}

void StatedDoubles::rebase() {
  base_.resize(ids_.size());
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    base_[i] += stated_[i] == kNever ? 0 : stated_[i];
    stated_[i] = kNever;
  }
}

void StatedDoubles::add_bases(Bases& bases) const {
  for (std::size_t i = 0; i < base_.size(); ++i) {
    add_base(bases, ids_[i], 0, std::bit_cast<std::uint64_t>(base_[i]));
  }
}

bool StatedDoubles::take(Taking taking, FrameContents& contents) {
  if (taking == Taking::kStated) {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (stated_[i] != kNever) {
        contents.double_ids.push_back(ids_[i]);
        contents.double_totals.push_back(stated_[i]);
      }
    }
    return false;
  }
  read();
  bool moved = false;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const bool changed = totals_[i] != stated_[i];
    if (taking == Taking::kChanged && !changed) {
      continue;
    }
    moved = moved || changed;
    stated_[i] = totals_[i];
    contents.double_ids.push_back(ids_[i]);
    contents.double_totals.push_back(totals_[i]);
  }
  return moved;
}

bool StatedDoubles::moved() {
  read();
  return totals_ != stated_;
}

std::size_t StatedExternals::add(const SeriesCore& series) {
  ids_.push_back(series.id);
  sources_.push_back(series.total);
  stated_.push_back(0);
  never_.push_back(1);
  return ids_.size() - 1;
}

void StatedExternals::take(Taking taking, const Hidden& hidden, FrameContents& contents) {
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const std::uint64_t total = sources_[i]->load(std::memory_order_relaxed);
    const bool changed = total != stated_[i] || never_[i] != 0;
    const bool unwanted = taking == Taking::kChanged && (!changed || hidden[ids_[i]] != 0);
    if (unwanted || total == kUnsetTotal) {
      continue;
    }
    never_[i] = 0;
    stated_[i] = total;
    contents.counter_ids.push_back(ids_[i]);
    contents.counter_totals.push_back(total);
  }
}

std::size_t StatedValues::add(const SeriesCore& series) {
  ids_.push_back(series.id);
  sources_.push_back(series.value);
  stated_.push_back(kNever);
  return ids_.size() - 1;
}

void StatedValues::take(Taking taking, const Hidden& hidden, std::vector<std::uint32_t>& ids,
                        std::vector<double>& values) {
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const double value = sources_[i]->load(std::memory_order_relaxed);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const bool unwanted =
        taking == Taking::kChanged && (bits == stated_[i] || hidden[ids_[i]] != 0);
    if (unwanted || bits == kUnsetTotal) {
      continue;
    }
    stated_[i] = bits;
    ids.push_back(ids_[i]);
    values.push_back(value);
  }
}

std::size_t StatedHistograms::add(const SeriesCore& series) {
  Entry entry;
  entry.id = series.id;
  entry.first_cell = series.cell;
  entry.first_bucket = stated_.size();
  entry.buckets = series.family->definition->layout->count + 1;
  histograms_.push_back(entry);
  stated_.resize(stated_.size() + entry.buckets);
  return histograms_.size() - 1;
}

double StatedHistograms::read(const Entry& entry) {
  now_.resize(entry.buckets);
  double sum = cells::read_histogram(entry.first_cell, now_);
  if (entry.first_bucket < base_.size()) {
    for (std::size_t i = 0; i < now_.size(); ++i) {
      now_[i] -= base_[entry.first_bucket + i];
    }
    sum -= entry.base_sum;
  }
  return sum;
}

void StatedHistograms::rebase() {
  increments_stated_ = 0;
  base_.resize(stated_.size());
  for (std::size_t i = 0; i < stated_.size(); ++i) {
    base_[i] += stated_[i];
    stated_[i] = 0;
  }
  for (Entry& entry : histograms_) {
    entry.base_sum += entry.sum;
    entry.sum = 0;
    entry.never = true;
  }
}

void StatedHistograms::add_bases(Bases& bases) const {
  for (const Entry& entry : histograms_) {
    if (entry.first_bucket >= base_.size()) {
      return;  // younger than the last rebase, as all that follow
    }
    add_base(bases, entry.id, 0, std::bit_cast<std::uint64_t>(entry.base_sum));
    for (std::size_t i = 0; i < entry.buckets; ++i) {
      add_base(bases, entry.id, 1 + i, base_[entry.first_bucket + i]);
    }
  }
}

void StatedHistograms::restate(FrameContents& contents) const {
  for (const Entry& entry : histograms_) {
    if (entry.never) {
      continue;
    }
    std::uint16_t named = 0;
    for (std::size_t i = 0; i < entry.buckets; ++i) {
      if (const std::uint64_t stated = stated_[entry.first_bucket + i]; stated != 0) {
        contents.bucket_indexes.push_back(static_cast<std::uint16_t>(i));
        contents.bucket_totals.push_back(stated);
        ++named;
      }
    }
    contents.histogram_ids.push_back(entry.id);
    contents.histogram_sums.push_back(entry.sum);
    contents.histogram_changed.push_back(named);
  }
}

bool StatedHistograms::take(Taking taking, FrameContents& contents) {
  if (taking == Taking::kStated) {
    restate(contents);
    return false;
  }
  bool moved = false;
  for (Entry& entry : histograms_) {
    const double sum = read(entry);
    std::uint16_t changed = 0;
    const bool all = taking == Taking::kAll || entry.never;
    bool differs = entry.never || sum != entry.sum;
    for (std::size_t i = 0; i < now_.size(); ++i) {
      std::uint64_t& stated = stated_[entry.first_bucket + i];
      differs = differs || now_[i] != stated;
      if (now_[i] != stated || (all && now_[i] != 0)) {
        contents.bucket_indexes.push_back(static_cast<std::uint16_t>(i));
        contents.bucket_totals.push_back(now_[i]);
        ++changed;
      }
      increments_stated_ += now_[i] - stated;
      stated = now_[i];
    }
    if (!all && !differs) {
      continue;
    }
    moved = moved || differs;
    entry.sum = sum;
    entry.never = false;
    contents.histogram_ids.push_back(entry.id);
    contents.histogram_sums.push_back(sum);
    contents.histogram_changed.push_back(changed);
  }
  return moved;
}

bool StatedHistograms::moved() {
  return std::any_of(histograms_.begin(), histograms_.end(), [&](const Entry& entry) {
    const double sum = read(entry);
    return entry.never || sum != entry.sum ||
           !std::equal(now_.begin(), now_.end(),
                       stated_.begin() + static_cast<std::ptrdiff_t>(entry.first_bucket));
  });
}

std::uint64_t StatedHistograms::increments_now() {
  std::uint64_t sum = 0;
  for (const Entry& entry : histograms_) {
    (void)read(entry);
    sum = std::accumulate(now_.begin(), now_.end(), sum);
  }
  return sum;
}

}  // namespace weir
