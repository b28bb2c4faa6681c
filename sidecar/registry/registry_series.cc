// Series and their label texts: how one is found, where its text stands, and how both go. The part
// of Registry that a page's order and its memory depend on.
#include <algorithm>
#include <utility>

#include "sidecar/registry/registry.h"

namespace weir::sidecar {
namespace {

std::uint32_t hash_of(std::uint32_t family, std::string_view labels) {
  const std::uint64_t text = std::hash<std::string_view>{}(labels);
  return static_cast<std::uint32_t>(((text ^ family) * 0x9e3779b97f4a7c15ull) >> 32);
}

}  // namespace

std::uint32_t Registry::intern_service(std::string_view text) {
  const auto at = service_ids_.find(text);
  if (at != service_ids_.end()) {
    return at->second;
  }
  const auto id = static_cast<std::uint32_t>(services_.size());
  services_.push_back(&service_ids_.emplace(text, id).first->first);
  return id;
}

std::string Registry::labels_of(const SeriesRow& series) const {
  return families_[series.family]->blocks[series.place / RowBlock::kRows]->labels(series.place %
                                                                                  RowBlock::kRows);
}

const std::string& Registry::labels_of(const SeriesRow& series, RowBlock::Cursor& cursor) const {
  return cursor.labels(*families_[series.family]->blocks[series.place / RowBlock::kRows],
                       series.place % RowBlock::kRows);
}

std::uint32_t Registry::define_series(std::uint32_t family, const std::string& labels,
                                      std::string_view service, std::int64_t started_unix_ms) {
  Family& owner = *families_[family];
  const std::uint32_t hash = hash_of(family, labels);
  const std::uint32_t known = index_.find(hash, [&](std::uint32_t index) {
    return rows_[index].family == family && labels_of(rows_[index]) == labels;
  });
  if (known != IndexTable::kNothing) {
    return known;
  }
  if (series_count() >= capacity_.series_max ||
      label_bytes_ + labels.size() > capacity_.label_bytes_max) {
    return kNone;
  }
  label_bytes_ += labels.size();
  const std::uint32_t index = rows_.take();
  (void)rest_.take();  // the same: both are taken and given back together
  SeriesRow& series = rows_[index];
  series.family = family;
  rest_[index].service = intern_service(service) & SeriesRest::kServiceMax;
  rest_[index].started_unix_ms = started_unix_ms;
  series.zero_pending = !owner.is_reading() && started_unix_ms >= zero_first_since_unix_ms_;
  if (series.zero_pending) {
    note_unshown(index);
  }
  place(index, owner, labels);
  ++owner.series_count;
  index_.insert(hash, index);
  return index;
}

void Registry::place(std::uint32_t series, Family& family, std::string_view labels) {
  if (family.blocks.empty() || family.blocks.back()->full()) {
    family.blocks.push_back(std::make_shared<RowBlock>(++block_serial_));
  }
  std::shared_ptr<RowBlock>& block = family.blocks.back();
  const std::size_t row = block->size();
  if (block.get() != placed_in_) {
    placed_text_ = row == 0 ? std::string() : block->labels(row - 1);
  }
  if (block->frozen()) {
    block = block->copy(++block_serial_);
  }
  block->append(series, labels, placed_text_);
  rows_[series].place =
      static_cast<std::uint32_t>((family.blocks.size() - 1) * RowBlock::kRows + row);
  placed_in_ = block->full() ? nullptr : block.get();
  placed_text_ = labels;
}

// Frees the series of a family for which `gone` holds; it is asked once for each.
void Registry::take_out(Family& family, const std::function<bool(std::uint32_t)>& gone) {
  for (std::size_t at = 0; at < family.blocks.size(); ++at) {
    std::vector<std::uint32_t> out;
    for (const std::uint32_t index : family.blocks[at]->series()) {
      if (gone(index)) {
        out.push_back(index);
      }
    }
    if (out.empty()) {
      continue;
    }
    const auto leaves = [&](std::uint32_t index) {
      return std::find(out.begin(), out.end(), index) != out.end();
    };
    for (const std::uint32_t index : out) {
      const std::string labels = labels_of(rows_[index]);
      index_.erase(hash_of(rows_[index].family, labels), index);
      label_bytes_ -= labels.size();
    }
    rewrite(family, at, leaves);
    for (const std::uint32_t index : out) {
      free_series(index);
    }
    family.series_count -= out.size();
  }
  // Blocks that are mostly empty are put together.
  if (family.blocks.size() * RowBlock::kRows > 2 * (family.series_count + RowBlock::kRows)) {
    gather(family);
  }
}

void Registry::rewrite(Family& family, std::size_t block,
                       const std::function<bool(std::uint32_t)>& gone) {
  auto fresh = std::make_shared<RowBlock>(++block_serial_);
  RowBlock::Reader reader(*family.blocks[block]);
  std::string text;
  std::string before;
  for (const std::uint32_t index : family.blocks[block]->series()) {
    reader.next(text);
    if (!gone(index)) {
      rows_[index].place = static_cast<std::uint32_t>(block * RowBlock::kRows + fresh->size());
      fresh->append(index, text, before);
      before = text;
    }
  }
  family.blocks[block] = std::move(fresh);
  placed_in_ = nullptr;
}

void Registry::gather(Family& family) {
  const std::vector<std::shared_ptr<RowBlock>> sparse = std::exchange(family.blocks, {});
  placed_in_ = nullptr;
  for (const std::shared_ptr<RowBlock>& block : sparse) {
    RowBlock::Reader reader(*block);
    std::string text;
    for (const std::uint32_t index : block->series()) {
      reader.next(text);
      place(index, family, text);
    }
  }
  family.blocks.shrink_to_fit();
  placed_in_ = nullptr;
}

void Registry::free_series(std::uint32_t index) {
  const Series series = this->series(index);
  if (series.counter != kNone) {
    counters_.give_back(series.counter);
  }
  if (series.double_counter != kNone) {
    double_counters_.give_back(series.double_counter);
  }
  if (!families_[series.family]->is_reading() && series.histogram != kNone) {
    bucket_runs_.give_back(histograms_[series.histogram].buckets);
    histograms_.give_back(series.histogram);
  }
  offsets_.erase(index);
  unshown_count_ -= series.zero_pending ? 1 : 0;
  rows_.give_back(index);
  rest_.give_back(index);
}

}  // namespace weir::sidecar
