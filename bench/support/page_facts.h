// What a scraped page holds, counted after the clock was read. Thread-safe: a pure function.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::bench {

struct PageFacts {
  std::uint64_t lines = 0;   // samples of the benchmark's own series
  std::uint64_t bytes = 0;   // of these lines
  std::uint64_t total = 0;   // their counters and histogram counts added up
  std::uint64_t broken = 0;  // lines that are no sample, or whose value is no whole number
};

[[nodiscard]] PageFacts read_page(std::string_view page);

}  // namespace weir::bench
