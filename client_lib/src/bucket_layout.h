// Bounds, laid out as observe() searches them. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "weir/histogram.h"

namespace weir::cells {

// A view of `bounds`, which are finite and increase.
[[nodiscard]] constexpr BucketLayout layout_of(std::span<const double> bounds) {
  constexpr double kNeverBelow = std::numeric_limits<double>::infinity();
  const auto bound = [&](std::size_t i) { return i < bounds.size() ? bounds[i] : kNeverBelow; };
  BucketLayout layout;
  layout.bounds = bounds.data();
  layout.count = static_cast<std::uint32_t>(bounds.size());
  std::size_t i = 0;
  for (Pair& pair : layout.all) {
    pair = Pair{bound(i), bound(i + 1)};
    i += 2;
  }
  i = 3;
  for (Pair& pair : layout.fourths) {
    pair = Pair{bound(i), bound(i + 4)};
    i += 8;
  }
  return layout;
}

}  // namespace weir::cells
