// One line of bench/run's input: bench/README.md has the keys. Thread-safe: pure functions.
#pragma once

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace weir::bench {

// REQUIRES: not empty.
[[nodiscard]] inline double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

[[nodiscard]] inline nlohmann::json spread_of(const std::vector<double>& values) {
  return {{"median", median_of(values)},
          {"low", *std::min_element(values.begin(), values.end())},
          {"high", *std::max_element(values.begin(), values.end())}};
}

struct JsonRow {
  std::string row, what, unit, target, check;
  std::vector<double> weir;
  std::string peer_name;  // empty: none
  std::vector<double> peer;
  double value = 0;
  double at_most = 0;
  nlohmann::json profile;
};

inline void print(const JsonRow& row) {
  nlohmann::json line = {{"row", row.row},
                         {"what", row.what},
                         {"unit", row.unit},
                         {"weir", spread_of(row.weir)},
                         {"peer", nullptr},
                         {"target", row.target},
                         {"value", row.value},
                         {"bound", {{"at_most", row.at_most}}},
                         {"met", row.value <= row.at_most},
                         {"check", row.check},
                         {"profile", row.profile}};
  if (!row.peer_name.empty()) {
    line["peer"] = spread_of(row.peer);
    line["peer"]["name"] = row.peer_name;
  }
  std::cout << line.dump() << std::endl;
}

}  // namespace weir::bench
