#include "sidecar/process/allocator.h"

#include <malloc.h>

#include <algorithm>

#include "sidecar/process/process_stats.h"

namespace weir::sidecar {
namespace {

constexpr int kKeptBytes = 16 << 20;    // at the end of each heap
constexpr int kMappedBytes = 32 << 20;  // larger blocks have a mapping of their own
// What a page is made of is allocated by threads that come and go. Had each a heap of its own, what
// one frees could not serve the next one. One heap for all would do as well; with two, who receives
// messages need not wait for who scrapes.
constexpr int kHeaps = 2;
constexpr int kStepsBetween = 10;

struct Memory {
  std::uint64_t resident = 0;
  std::uint64_t in_use = 0;
  [[nodiscard]] std::uint64_t rest() const { return resident - std::min(in_use, resident); }
};

Memory memory_now() {
  const auto stats = read_process_stats();
  const auto heap = ::mallinfo2();
  return {stats ? stats->resident_bytes : 0, heap.uordblks + heap.hblkhd};
}

}  // namespace

void set_up_allocator() {
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  ::mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  ::mallopt(M_ARENA_MAX, kHeaps);
}

bool HeapTidier::is_worth_it(std::uint64_t resident, std::uint64_t in_use, std::uint64_t floor) {
  const std::uint64_t allowed = std::max<std::uint64_t>(kKeptBytes, in_use / 16);
  return resident > in_use + floor + allowed;
}

bool HeapTidier::step() {
  if (++steps_ % kStepsBetween != 0) {
    return false;
  }
  const Memory before = memory_now();
  const bool worth_it = is_worth_it(before.resident, before.in_use, floor_);
  if (worth_it) {
    ::malloc_trim(0);
    floor_ = memory_now().rest();
  } else {
    floor_ = std::min(floor_, before.rest());
  }
  return worth_it;
}

}  // namespace weir::sidecar
