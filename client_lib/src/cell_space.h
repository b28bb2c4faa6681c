// The process's cells: one range of equal size per thread, divided into segments that registries
// take. Ranges are reserved address space; a segment becomes memory, in every range, when a
// registry takes it. Thread-safe: any method from any thread.
//
// 1. Ranges are listed in the order in which they were first used and never leave the list: sums of
// doubles are added up in one fixed order, so they never go down.
// 2. Behind a segment of a range stands private memory, or, if the segment has a backing that could
//    give it, memory that outlives the process. No address changes.
// 3. A forked child starts with all cells zero: the parent's counts are the parent's to state.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "series_cache.h"
#include "weir/cells.h"

namespace weir::cells {

inline constexpr std::uint32_t kSegmentCells = 8192;  // 64 KiB: whole pages, also where pages are
inline constexpr std::uint32_t kSegmentsMax = 1024;   // 64 MiB of address space per thread
inline constexpr std::uint32_t kNoSegment = 0;        // segment 0 holds the scratch cells

struct Range {
  Cell* cells = nullptr;
  std::uint32_t index = 0;            // its place in the list of all that were ever used
  std::atomic<Range*> next{nullptr};  // in the list of all that were ever used
  Range* next_free = nullptr;         // in the list of those without a thread
  SeriesCache cache;
};

// What can stand behind the segments of a registry in place of private memory. The cell space calls
// it under its lock.
class Backing {
 public:
  virtual ~Backing() = default;
  // Maps memory over this segment of this range, all zero, or with what stood there. False: the
  // private memory stays, with its contents.
  virtual bool map(std::uint32_t range, std::uint32_t segment, void* at,
                   bool with_contents) noexcept = 0;
  virtual void before_fork() noexcept = 0;  // nothing of it runs until one of the next two
  virtual void after_fork_in_parent() noexcept = 0;
  // Nothing of it stands behind cells any more, unless no memory was to be had for that.
  virtual void after_fork_in_child(bool cells_are_private) noexcept = 0;

 private:
  friend class CellSpace;
  Backing* next_ = nullptr;
};

// Fresh private memory, all zero, over one segment of a range. False: nothing changed.
bool map_private(void* at) noexcept;

class CellSpace {
 public:
  // All cells of it are zero. kNoSegment when the space or the memory is exhausted. `backing`:
  // null, or enlisted.
  [[nodiscard]] std::uint32_t take_segment(Backing* backing = nullptr) noexcept;
  // Puts the segment, with its contents, into the backing. REQUIRES: nobody records meanwhile.
  void back_segment(std::uint32_t segment, Backing& backing) noexcept;
  // Zeroes it. REQUIRES: nobody records into it any more.
  void give_back_segment(std::uint32_t segment) noexcept;

  // From when on, and until when, a backing takes part in forks. REQUIRES of delist(): its segments
  // were given back, or have another backing.
  void enlist(Backing& backing) noexcept;
  void delist(Backing& backing) noexcept;

  // Calls visit(const Cell* range) for the range of every thread that ever recorded.
  template <typename Visitor>
  void for_each_range(Visitor&& visit) const {
    // Acquire pairs with the release in append(): the range's memory is there.
    for (const Range* range = first_.load(std::memory_order_acquire); range != nullptr;
         range = range->next.load(std::memory_order_acquire)) {
      visit(static_cast<const Cell*>(range->cells));
    }
  }

  // For attach_thread(): the calling thread's range. When no memory can be mapped, the thread
  // shares one reserve range with others in the same need: its counts are then approximate (two
  // writers may overwrite each other), never wild, and the number of such threads is counted.
  // Null if there is not even the reserve; then no segment was ever taken.
  [[nodiscard]] Range* attach() noexcept;
  void detach(Range* range) noexcept;
  [[nodiscard]] std::uint64_t threads_in_reserve() const noexcept {
    return threads_in_reserve_.load(std::memory_order_relaxed);
  }

 private:
  std::uint32_t take_private_segment() noexcept;
  Range* map_range() noexcept;
  void append(Range* range) noexcept;
  bool enable(Range& range, std::uint32_t segment) noexcept;
  bool zero(Range& range, std::uint32_t segment) noexcept;
  void prepare_once() noexcept;

  static void before_fork() noexcept;
  static void after_fork_in_parent() noexcept;
  static void after_fork_in_child() noexcept;

  std::atomic<Range*> first_{nullptr};
  std::atomic<std::uint64_t> threads_in_reserve_{0};

  std::mutex mutex_;  // protects all below, and writes to first_
  bool prepared_ = false;
  Range* last_ = nullptr;
  Range* free_ = nullptr;
  Range* reserve_ = nullptr;
  bool reserve_used_ = false;
  std::uint32_t segments_enabled_ = 0;
  std::uint32_t ranges_ = 0;
  std::array<bool, kSegmentsMax> taken_{};
  std::array<Backing*, kSegmentsMax> backing_{};  // null: private memory
  Backing* backings_ = nullptr;                   // the list of all that are enlisted
};

// The one of this process. Never destroyed: threads may end after everything else.
[[nodiscard]] CellSpace& cell_space() noexcept;

// The look-up cache of this thread; null if it has no range.
[[nodiscard]] SeriesCache* thread_cache() noexcept;

}  // namespace weir::cells
