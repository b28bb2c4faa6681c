// The bounds of a histogram as they are printed, and how counts move from one layout to another.
// Thread-safe: layouts never change, the functions are pure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir::sidecar {

// Upper bounds with their printed form. Shared by all histograms that use it; never changes.
struct BucketLayout {
  std::vector<double> bounds;
  std::vector<std::string> le;  // "0.5", ..., "+Inf": one more than bounds
};

// From a bucket of `from` to the bucket of `to` that holds its upper bound: cumulative counts at
// common bounds are exact.
[[nodiscard]] std::vector<std::uint16_t> fold_map(const BucketLayout& from, const BucketLayout& to);
[[nodiscard]] std::shared_ptr<const BucketLayout> make_layout(std::span<const double> bounds);

}  // namespace weir::sidecar
