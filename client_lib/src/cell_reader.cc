#include "cell_reader.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

#include "cell_space.h"
#include "schemas/limits.h"
#include "weir/histogram.h"

namespace weir::cells {
namespace {

// A total travels as a finite number.
double finite(double sum) {
  return std::min(sum, std::numeric_limits<double>::max());
}

double as_double(const Cell& cell) {
  return std::bit_cast<double>(cell.load(std::memory_order_relaxed));
}

// Decides between reads of a histogram that a writer disturbed. An observation takes nanoseconds,
// so spin first; a writer that lost its processor needs longer; one that was stopped or killed in
// the middle never goes on.
class Patience {
 public:
  // False: the writer has not moved for so long that it is not waited for.
  bool go_on(std::uint64_t version) {
    if (version != version_) {
      version_ = version;  // it writes on: some read will fall between two observations
      unmoved_ = 0;
    }
    ++reads_;
    if (version % 2 == 0 || ++unmoved_ < kSpins) {
      if (reads_ % kSpins == 0) {
        ::sched_yield();
      }
      return true;
    }
    const timespec pause{0, 100'000};
    ::nanosleep(&pause, nullptr);
    return unmoved_ < kSpins + kSleeps;
  }

 private:
  static constexpr int kSpins = 1000;
  static constexpr int kSleeps = 1000;  // of 100 us each
  std::uint64_t version_ = 0;
  int unmoved_ = 0;
  int reads_ = 0;
};

}  // namespace

std::uint64_t read_counter(std::uint32_t cell) {
  std::uint64_t total = 0;
  cell_space().for_each_range(
      [&](const Cell* range) { total += range[cell].load(std::memory_order_relaxed); });
  return total;
}

double read_double(std::uint32_t cell) {
  double total = 0;
  cell_space().for_each_range([&](const Cell* range) { total += as_double(range[cell]); });
  return finite(total);
}

void read_counters(std::span<const std::uint32_t> cells, std::span<std::uint64_t> totals) {
  std::fill(totals.begin(), totals.end(), 0);
  cell_space().for_each_range([&](const Cell* range) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      totals[i] += range[cells[i]].load(std::memory_order_relaxed);
    }
  });
}

void read_doubles(std::span<const std::uint32_t> cells, std::span<double> totals) {
  std::fill(totals.begin(), totals.end(), 0.0);
  cell_space().for_each_range([&](const Cell* range) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      totals[i] += as_double(range[cells[i]]);
    }
  });
  for (double& total : totals) {
    total = finite(total);
  }
}

double read_histogram(std::uint32_t first_cell, std::span<std::uint64_t> buckets) {
  std::fill(buckets.begin(), buckets.end(), 0);
  double total = 0;
  std::array<std::uint64_t, wire::kBucketsMax + 1> seen;
  cell_space().for_each_range([&](const Cell* range) {
    const Cell* cell = range + first_cell;
    double sum = 0;
    Patience patience;
    while (true) {
      // Acquire, here and on each data load: later loads stay later. They pair with the release
      // stores of Histogram::observe, whose odd version is visible before its data.
      const std::uint64_t version = cell[0].load(std::memory_order_acquire);
      sum = std::bit_cast<double>(cell[1].load(std::memory_order_acquire));
      for (std::size_t i = 0; i < buckets.size(); ++i) {
        seen[i] = cell[kHistogramHeaderCells + i].load(std::memory_order_acquire);
      }
      const bool whole = version % 2 == 0 && cell[0].load(std::memory_order_relaxed) == version;
      if (whole || !patience.go_on(version)) {
        break;
      }
    }
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] += seen[i];
    }
    total += sum;
  });
  return std::clamp(total, std::numeric_limits<double>::lowest(),
                    std::numeric_limits<double>::max());
}

}  // namespace weir::cells
