#include "weir/histogram.h"

#include <algorithm>

#include "bucket_layout.h"
#include "schemas/limits.h"
#include "weir/counter.h"  // declares what is defined here, and its visibility

namespace weir {
namespace {

// One more than a histogram can have is enough to be refused at registration.
std::size_t capped(std::size_t count) {
  return std::min(count, wire::kBucketsMax + 1);
}

}  // namespace

namespace cells {
constinit const BucketLayout detached_layout = layout_of({});
constinit std::atomic<std::uint64_t> detached_total{0};
constinit std::atomic<double> detached_value{0};
}  // namespace cells

Bounds linear_bounds(double first, double width, std::size_t count) {
  Bounds bounds;
  bounds.reserve(capped(count));
  for (std::size_t i = 0; i < capped(count); ++i) {
    bounds.push_back(first + width * static_cast<double>(i));
  }
  return bounds;
}

Bounds exponential_bounds(double first, double factor, std::size_t count) {
  Bounds bounds;
  bounds.reserve(capped(count));
  double bound = first;
  for (std::size_t i = 0; i < capped(count); ++i) {
    bounds.push_back(bound);
    bound *= factor;
  }
  return bounds;
}

}  // namespace weir
