// A page of /metrics as a scraper reads it, as far as it is about the simulated series.
// Thread-safe: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "tests/simulation/series.h"

namespace weir::simulation {

struct Page {
  struct Sample {
    double units = 0;               // hits, quarters of work, observations
    std::array<double, 2> below{};  // of histograms: cumulative, at the common bounds
  };
  std::array<std::array<std::optional<Sample>, kKeys>, kServices> samples;

  [[nodiscard]] const std::optional<Sample>& at(std::size_t service, Key key) const {
    return samples[service][key.index()];
  }
};

// Throws a Violation if a histogram is not whole.
[[nodiscard]] Page read_page(std::string_view text);

}  // namespace weir::simulation
