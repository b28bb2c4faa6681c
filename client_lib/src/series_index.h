// From label values to series: an open-addressed table of pointers. Series are never erased.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "series_core.h"

namespace weir {

class SeriesIndex {
 public:
  [[nodiscard]] SeriesCore* find(std::uint64_t hash,
                                 std::span<const std::string_view> values) const {
    if (slots_.empty()) {
      return nullptr;
    }
    for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
      SeriesCore* series = slots_[i];
      if (series == nullptr || (series->hash == hash && series->label_values == values)) {
        return series;
      }
    }
  }

  // Makes room for one more, so that insert() can not fail.
  void reserve_one() {
    if (slots_.size() >= 2 * (size_ + 1)) {
      return;
    }
    std::vector<SeriesCore*> old(slots_.empty() ? 4 : 2 * slots_.size());
    old.swap(slots_);
    for (SeriesCore* series : old) {
      if (series != nullptr) {
        place(series);
      }
    }
  }

  // REQUIRES: reserve_one() before, and no such series yet.
  void insert(SeriesCore* series) noexcept {
    place(series);
    ++size_;
  }

 private:
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }

  void place(SeriesCore* series) noexcept {
    std::size_t i = series->hash & mask();
    while (slots_[i] != nullptr) {
      i = (i + 1) & mask();
    }
    slots_[i] = series;
  }

  std::vector<SeriesCore*> slots_;  // a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace weir
