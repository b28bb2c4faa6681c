// The cells of one registry: whole segments of the cell space, handed out piece by piece and
// returned together. Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <cstdint>
#include <vector>

#include "cell_space.h"

namespace weir::cells {

class CellArena {
 public:
  CellArena() = default;
  // Of the segments that are taken from now on. Null: private memory.
  void set_backing(Backing* backing) { backing_ = backing; }
  // Those that were taken move as well. REQUIRES: nobody records meanwhile.
  void move_to(Backing& backing) {
    backing_ = &backing;
    for (const std::uint32_t segment : segments_) {
      cell_space().back_segment(segment, backing);
    }
  }
  ~CellArena() {
    for (const std::uint32_t segment : segments_) {
      cell_space().give_back_segment(segment);
    }
  }
  CellArena(const CellArena&) = delete;
  CellArena& operator=(const CellArena&) = delete;

  // The first of `count` neighbouring cells, all zero; 0 when there is no memory for them.
  // REQUIRES: count <= kSegmentCells.
  [[nodiscard]] std::uint32_t allocate(std::uint32_t count) {
    if (end_ - next_ < count) {
      segments_.reserve(segments_.size() + 1);  // before taking: it may throw
      const std::uint32_t segment = cell_space().take_segment(backing_);
      if (segment == kNoSegment) {
        return 0;
      }
      segments_.push_back(segment);
      next_ = segment * kSegmentCells;
      end_ = next_ + kSegmentCells;
    }
    const std::uint32_t first = next_;
    next_ += count;
    return first;
  }

 private:
  Backing* backing_ = nullptr;
  std::vector<std::uint32_t> segments_;
  std::uint32_t next_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace weir::cells
