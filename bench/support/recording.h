// What the benchmarks of recording print alike: Weir beside prometheus-cpp. Pure functions.
#pragma once

#include <iostream>
#include <stdexcept>
#include <string>

#include "bench/support/json_row.h"
#include "bench/support/threads.h"

namespace weir::bench {

// Rounds of chunks of about a millisecond.
struct Effort {
  explicit Effort(bool smoke) : rounds(smoke ? 3 : 11), chunks(smoke ? 5 : 31) {}
  [[nodiscard]] Crowd crowd(unsigned threads, double expected_ns) const {
    constexpr std::uint64_t kRound = 64;  // divides the turns: whole passes over a few dozen things
    return {threads, chunks, static_cast<std::uint64_t>(1e6 / expected_ns) / kRound * kRound};
  }
  int rounds;
  unsigned chunks;
};

// Throws if not each turn was counted.
[[nodiscard]] inline std::string checked(const char* who, double counted, std::uint64_t turns) {
  if (counted != static_cast<double>(turns)) {
    throw std::runtime_error(std::string(who) + " counted " + std::to_string(counted) + ", not " +
                             std::to_string(turns));
  }
  return std::string(who) + " counted " + std::to_string(turns);
}

inline void print_in_words(const JsonRow& row) {
  print(row);
  std::cerr << "row " << row.row << ": " << row.what << ": " << median_of(row.weir) << ' '
            << row.unit;
  if (!row.peer.empty()) {
    std::cerr << ", " << row.peer_name << ' ' << median_of(row.peer);
  }
  std::cerr << "; " << row.value << " of at most " << row.at_most << '\n';
}

#ifdef WEIR_PROMETHEUS_CPP_VERSION
// Nanoseconds against the peer's: at most 1 / `divisor` of them.
inline void print_ratio(JsonRow row, int divisor) {
  row.unit = "ns";
  row.peer_name = "prometheus-cpp " WEIR_PROMETHEUS_CPP_VERSION;
  row.target = "<= 1/" + std::to_string(divisor) + " of the peer";
  row.value = median_of(row.weir) / median_of(row.peer);
  row.at_most = 1.0 / divisor;
  print_in_words(row);
}
#endif

}  // namespace weir::bench
