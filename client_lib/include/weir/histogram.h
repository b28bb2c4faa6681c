// A histogram with explicit bounds: counts observations per bucket, and their sum.
// Thread-safe: any method from any thread. Never blocks, allocates, throws or logs.
// Default-constructed, it is detached.
//
// A reader sees whole observations only: each thread's cells are [version, sum, bucket 0 .. bucket
// n], and the version is odd while an observation is being written (a sequence lock with one
// writer).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "weir/cells.h"

namespace weir {

// Upper bounds of buckets: finite and strictly increasing; the +Inf bucket is implied.
using Bounds = std::vector<double>;
// first, first + width, ... (count bounds)
[[nodiscard]] WEIR_API Bounds linear_bounds(double first, double width, std::size_t count);
// first, first * factor, first * factor^2, ... (count bounds)
[[nodiscard]] WEIR_API Bounds exponential_bounds(double first, double factor, std::size_t count);

namespace cells {

// Two doubles that are compared at once (GCC's and Clang's vector extension: SSE2, NEON).
typedef double Pair __attribute__((vector_size(16)));

// The bounds as observe() searches them: up to kShort of them by two rounds of comparisons without
// a branch, first with each fourth bound, then with the four that follow the last one below.
struct BucketLayout {
  static constexpr std::uint32_t kShort = 32;

  const double* bounds = nullptr;
  std::uint32_t count = 0;  // finite bounds; the histogram has count + 1 buckets
  // count <= kShort: as `bounds`, filled up with infinity, which no value is above.
  Pair fourths[kShort / 4 / 2] = {};
  Pair all[(kShort + 4) / 2] = {};
};
extern WEIR_API const BucketLayout detached_layout;
inline constexpr std::uint32_t kHistogramHeaderCells = 2;  // version, sum

// The index of the first bound >= value, or count.
inline std::uint32_t bucket_of(const BucketLayout& layout, double value) noexcept {
  if (layout.count <= BucketLayout::kShort) [[likely]] {
    const Pair both{value, value};
    const Pair* const fourths = layout.fourths;
    // A comparison that holds is -1 in its half.
    const auto coarse =
        ((both > fourths[0]) + (both > fourths[1])) + ((both > fourths[2]) + (both > fourths[3]));
    const auto below = static_cast<std::uint32_t>(-(coarse[0] + coarse[1]));  // fourths
    const Pair* const next = layout.all + std::size_t{2} * below;
    const auto fine = (both > next[0]) + (both > next[1]);
    return 4 * below + static_cast<std::uint32_t>(-(fine[0] + fine[1]));
  }
  std::uint32_t index = 0;
  std::uint32_t length = layout.count;
  while (length > 0) {
    const std::uint32_t half = length / 2;
    const bool above = value > layout.bounds[index + half];
    index = above ? index + half + 1 : index;
    length = above ? length - half - 1 : half;
  }
  return index;
}

}  // namespace cells

class Histogram {
 public:
  Histogram() = default;

  // NaN is ignored. An infinite observation is counted in its bucket and leaves the sum alone,
  // which stays finite.
  // Inlined where the compiler would not by itself: a call costs a fifth of it.
  [[gnu::always_inline]] void observe(double value) noexcept {
    if (value != value) [[unlikely]] {
      return;
    }
    cells::Cell* cell = cells::range() + first_cell_;
    const std::uint64_t version = cell[0].load(std::memory_order_relaxed);
    cell[0].store(version + 1, std::memory_order_relaxed);
    // Release on each data store keeps them behind the odd version; pairs with the acquire loads of
    // the reader.
    const double amount = value - value == 0 ? value : 0;
    const double sum = std::bit_cast<double>(cell[1].load(std::memory_order_relaxed)) + amount;
    cell[1].store(std::bit_cast<std::uint64_t>(sum), std::memory_order_release);
    cells::Cell& bucket = cell[cells::kHistogramHeaderCells + cells::bucket_of(*layout_, value)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    cell[0].store(version + 2, std::memory_order_release);
  }

 private:
  friend class RegistryCore;
  Histogram(std::uint32_t first_cell, const cells::BucketLayout* layout)
      : first_cell_(first_cell), layout_(layout) {}
  std::uint32_t first_cell_ = cells::kScratch;
  const cells::BucketLayout* layout_ = &cells::detached_layout;
};

}  // namespace weir
