// Where recording writes: 64-bit cells, one range per thread, so every cell has one writer and an
// increment is a load and a store. A handle holds an index that is the same in every thread's
// range; a reader adds the ranges up. Part of the inlined fast path, not of the API. Thread-safe.
//
// 1. A range is virtual memory of one size for all threads, so an index never moves and growth
// stops no writer.
// 2. A range is never given back: a thread that ends leaves it to the next thread, which counts on
// from there. What was
//    counted can not be lost between the two, and the memory is bounded by the most threads that
//    ever ran at once.
// 3. The first kScratchCells are scratch: what detached handles write to.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "weir/export.h"

namespace weir::cells {

using Cell = std::atomic<std::uint64_t>;

inline constexpr std::uint32_t kScratch = 0;
inline constexpr std::uint32_t kScratchCells = 8;

// This thread's range; null until the thread records for the first time.
extern WEIR_API constinit thread_local Cell* thread_range WEIR_TLS_MODEL;

// Slow path, once per thread: takes a range (one mmap). Never returns null.
WEIR_API Cell* attach_thread() noexcept;

inline Cell* range() noexcept {
  Cell* cells = thread_range;
  if (cells == nullptr) [[unlikely]] {
    cells = attach_thread();
  }
  return cells;
}

// Only this thread writes this cell: relaxed load and store suffice, and the flusher reads a whole
// 64-bit value.
inline void add(Cell& cell, std::uint64_t n) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

inline void add_double(Cell& cell, double n) noexcept {
  const double sum = std::bit_cast<double>(cell.load(std::memory_order_relaxed)) + n;
  cell.store(std::bit_cast<std::uint64_t>(sum), std::memory_order_relaxed);
}

}  // namespace weir::cells
