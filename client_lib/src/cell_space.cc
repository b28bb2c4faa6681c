#include "cell_space.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace weir::cells {
namespace {

constexpr std::size_t kSegmentBytes = kSegmentCells * sizeof(Cell);
constexpr std::size_t kCellsBytes = kSegmentsMax * kSegmentBytes;
// In front of the cells: the Range itself, so that a thread attaches without the heap.
constexpr std::size_t kControlBytes = kSegmentBytes;
static_assert(sizeof(Range) <= kControlBytes);

pthread_key_t range_key;  // written once, under the space's mutex, before it is used

constinit thread_local Range* current_range WEIR_TLS_MODEL = nullptr;

// Runs after the destructors of the thread's C++ thread_locals, which may still record. What
// records even later attaches again, and this runs again.
void on_thread_end(void* range) {
  thread_range = nullptr;
  current_range = nullptr;
  cell_space().detach(static_cast<Range*>(range));
}

Cell* cells_of(const Range& range, std::uint32_t segment) {
  return range.cells + std::size_t{segment} * kSegmentCells;
}

}  // namespace

constinit thread_local Cell* thread_range WEIR_TLS_MODEL = nullptr;

bool map_private(void* at) noexcept {
  return ::mmap(at, kSegmentBytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

CellSpace& cell_space() noexcept {
  static_assert(std::is_trivially_destructible_v<CellSpace>);
  static constinit CellSpace space;
  return space;
}

Cell* attach_thread() noexcept {
  Range* range = cell_space().attach();
  if (range == nullptr) {
    // No segment was ever taken, so only detached handles exist: all of them write here.
    static constinit std::array<Cell, kScratchCells> scratch{};
    return scratch.data();
  }
  current_range = range;
  thread_range = range->cells;
  return range->cells;
}

SeriesCache* thread_cache() noexcept {
  if (current_range == nullptr) [[unlikely]] {
    (void)attach_thread();
  }
  return current_range == nullptr ? nullptr : &current_range->cache;
}

Range* CellSpace::attach() noexcept {
  const std::lock_guard lock(mutex_);
  prepare_once();
  Range* range = free_;
  if (range != nullptr) {
    free_ = range->next_free;
    range->next_free = nullptr;
  } else if (range = map_range(); range != nullptr) {
    append(range);
  } else {
    threads_in_reserve_.fetch_add(1, std::memory_order_relaxed);
    if (reserve_ != nullptr && !reserve_used_) {
      reserve_used_ = true;
      append(reserve_);
    }
    return reserve_;
  }
  (void)pthread_setspecific(range_key, range);  // on failure the range stays with the dead thread
  return range;
}

void CellSpace::detach(Range* range) noexcept {
  const std::lock_guard lock(mutex_);
  range->next_free = free_;
  free_ = range;
}

std::uint32_t CellSpace::take_segment(Backing* backing) noexcept {
  const std::lock_guard lock(mutex_);
  const std::uint32_t segment = take_private_segment();
  if (segment != kNoSegment && backing != nullptr) {
    backing_[segment] = backing;
    for (Range* range = first_.load(std::memory_order_relaxed); range != nullptr;
         range = range->next.load(std::memory_order_relaxed)) {
      (void)backing->map(range->index, segment, cells_of(*range, segment), false);
    }
  }
  return segment;
}

void CellSpace::back_segment(std::uint32_t segment, Backing& backing) noexcept {
  const std::lock_guard lock(mutex_);
  backing_[segment] = &backing;
  for (Range* range = first_.load(std::memory_order_relaxed); range != nullptr;
       range = range->next.load(std::memory_order_relaxed)) {
    (void)backing.map(range->index, segment, cells_of(*range, segment), true);
  }
}

void CellSpace::enlist(Backing& backing) noexcept {
  const std::lock_guard lock(mutex_);
  prepare_once();
  backing.next_ = backings_;
  backings_ = &backing;
}

void CellSpace::delist(Backing& backing) noexcept {
  const std::lock_guard lock(mutex_);
  std::replace(backing_.begin(), backing_.end(), &backing, static_cast<Backing*>(nullptr));
  for (Backing** link = &backings_; *link != nullptr; link = &(*link)->next_) {
    if (*link == &backing) {
      *link = backing.next_;
      return;
    }
  }
}

std::uint32_t CellSpace::take_private_segment() noexcept {
  prepare_once();
  if (reserve_ == nullptr) {
    reserve_ = map_range();
    if (reserve_ == nullptr) {
      return kNoSegment;
    }
  }
  for (std::uint32_t segment = 1; segment < segments_enabled_; ++segment) {
    if (!taken_[segment]) {
      taken_[segment] = true;
      return segment;
    }
  }
  const std::uint32_t segment = segments_enabled_ == 0 ? 1 : segments_enabled_;
  if (segment >= kSegmentsMax || (!reserve_used_ && !enable(*reserve_, segment))) {
    return kNoSegment;
  }
  for (Range* range = first_.load(std::memory_order_relaxed); range != nullptr;
       range = range->next.load(std::memory_order_relaxed)) {
    if (!enable(*range, segment)) {
      return kNoSegment;
    }
  }
  segments_enabled_ = segment + 1;
  taken_[segment] = true;
  return segment;
}

void CellSpace::give_back_segment(std::uint32_t segment) noexcept {
  const std::lock_guard lock(mutex_);
  for (Range* range = first_.load(std::memory_order_relaxed); range != nullptr;
       range = range->next.load(std::memory_order_relaxed)) {
    if (!zero(*range, segment)) {
      return;  // never used again: the cells of someone else's file may stand there
    }
  }
  backing_[segment] = nullptr;
  taken_[segment] = false;
}

Range* CellSpace::map_range() noexcept {
  void* memory = ::mmap(nullptr, kControlBytes + kCellsBytes, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return nullptr;
  }
  auto* bytes = static_cast<std::byte*>(memory);
  if (::mprotect(memory, kControlBytes, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(memory, kControlBytes + kCellsBytes);
    return nullptr;
  }
  auto* range = new (memory) Range;
  // Fresh pages are zero, and an atomic of zero is all zero bytes.
  range->cells = reinterpret_cast<Cell*>(bytes + kControlBytes);
  const std::uint32_t segments = segments_enabled_ == 0 ? 1 : segments_enabled_;
  for (std::uint32_t segment = 0; segment < segments; ++segment) {
    if (!enable(*range, segment)) {
      ::munmap(memory, kControlBytes + kCellsBytes);
      return nullptr;
    }
  }
  return range;
}

void CellSpace::append(Range* range) noexcept {
  range->index = ranges_++;
  for (std::uint32_t segment = 1; segment < segments_enabled_; ++segment) {
    if (backing_[segment] != nullptr) {
      (void)backing_[segment]->map(range->index, segment, cells_of(*range, segment), false);
    }
  }
  // Release: a reader that sees the range sees its memory.
  if (last_ == nullptr) {
    first_.store(range, std::memory_order_release);
  } else {
    last_->next.store(range, std::memory_order_release);
  }
  last_ = range;
}

bool CellSpace::enable(Range& range, std::uint32_t segment) noexcept {
  return ::mprotect(cells_of(range, segment), kSegmentBytes, PROT_READ | PROT_WRITE) == 0;
}

bool CellSpace::zero(Range& range, std::uint32_t segment) noexcept {
  Cell* cells = cells_of(range, segment);
  if (backing_[segment] != nullptr) {
    return map_private(cells);
  }
  // Fresh zero pages, and the old ones go back to the system. Refused for locked memory.
  if (::madvise(cells, kSegmentBytes, MADV_DONTNEED) != 0) {
    for (std::uint32_t i = 0; i < kSegmentCells; ++i) {
      cells[i].store(0, std::memory_order_relaxed);
    }
  }
  return true;
}

void CellSpace::prepare_once() noexcept {
  if (!prepared_) {
    prepared_ = true;
    (void)::pthread_key_create(&range_key, on_thread_end);
    (void)::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  }
}

void CellSpace::before_fork() noexcept {
  CellSpace& space = cell_space();
  space.mutex_.lock();
  for (Backing* backing = space.backings_; backing != nullptr; backing = backing->next_) {
    backing->before_fork();
  }
}

void CellSpace::after_fork_in_parent() noexcept {
  CellSpace& space = cell_space();
  for (Backing* backing = space.backings_; backing != nullptr; backing = backing->next_) {
    backing->after_fork_in_parent();
  }
  space.mutex_.unlock();
}

void CellSpace::after_fork_in_child() noexcept {
  CellSpace& space = cell_space();
  space.free_ = nullptr;
  bool all_private = true;
  for (Range* range = space.first_.load(std::memory_order_relaxed); range != nullptr;
       range = range->next.load(std::memory_order_relaxed)) {
    for (std::uint32_t segment = 1; segment < space.segments_enabled_; ++segment) {
      // What a file stands behind is the parent's: first of all it must not be written to.
      all_private = space.zero(*range, segment) && all_private;
    }
    // The parent's other threads do not exist here: their ranges are free.
    if (range != current_range && range != space.reserve_) {
      range->next_free = space.free_;
      space.free_ = range;
    }
  }
  if (all_private) {
    space.backing_.fill(nullptr);
  }
  for (Backing* backing = space.backings_; backing != nullptr; backing = backing->next_) {
    backing->after_fork_in_child(all_private);
  }
  space.mutex_.unlock();
}

}  // namespace weir::cells
