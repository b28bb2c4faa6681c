// What `./test` runs: all rules hold, a run is the same each time, and each rule that is taken away
// is missed. The result is a JUnit file. Single-threaded.
#pragma once

#include <cstdint>
#include <string>

namespace weir::simulation {

struct Suite {
  std::uint64_t first = 1;
  std::uint64_t seeds = 10'000;
  unsigned jobs = 2;
  std::string junit_file;  // empty: none
};

// Whether all of it passed.
[[nodiscard]] bool run_suite(const Suite& suite);

}  // namespace weir::simulation
