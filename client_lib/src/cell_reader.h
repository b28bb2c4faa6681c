// Reads totals: adds the ranges of all threads up. Writers are never stopped.
// Thread-safe: any function from any thread.
#pragma once

#include <cstdint>
#include <span>

#include "weir/cells.h"

namespace weir::cells {

[[nodiscard]] std::uint64_t read_counter(std::uint32_t cell);
[[nodiscard]] double read_double(std::uint32_t cell);

// totals[i] = the total of cells[i]. About 1 ns per counter and range.
// REQUIRES: totals.size() == cells.size().
void read_counters(std::span<const std::uint32_t> cells, std::span<std::uint64_t> totals);
void read_doubles(std::span<const std::uint32_t> cells, std::span<double> totals);

// buckets[i] = the total of bucket i; answers the sum of the same observations, so that the
// histogram is whole. A writer that stands still inside one observation for longer than 100 ms
// (stopped, or killed in the middle) is not waited for: the sum may then miss that one observation.
double read_histogram(std::uint32_t first_cell, std::span<std::uint64_t> buckets);

}  // namespace weir::cells
