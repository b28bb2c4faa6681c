// Runs many seeds in processes of its own, so that a run that crashes is found like one that fails,
// and tells the lowest seed that does. Single-threaded: forks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace weir::simulation {

struct Search {
  std::uint64_t first = 1;
  std::uint64_t seeds_max = 1000;
  double seconds_max = 0;  // 0: no limit
  unsigned jobs = 1;
  bool progress = false;  // a line each few seconds
};

struct Found {
  std::uint64_t seeds = 0;  // that were run
  double seconds = 0;
  std::optional<std::uint64_t> failed;  // the lowest
  int signal = 0;                       // that ended it, if it crashed
};

[[nodiscard]] Found search(const Search& search);

}  // namespace weir::simulation
