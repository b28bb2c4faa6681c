#include "sidecar/registry/bucket_layout.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::sidecar {
namespace {

std::string printed_bound(double bound) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), bound).ptr;
  std::string text(buffer.data(), end);
  // OpenMetrics' canonical numbers; used in both formats, so that a series is the same whichever
  // was scraped.
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

}  // namespace

std::shared_ptr<const BucketLayout> make_layout(std::span<const double> bounds) {
  auto layout = std::make_shared<BucketLayout>();
  layout->bounds.assign(bounds.begin(), bounds.end());
  for (const double bound : bounds) {
    layout->le.push_back(printed_bound(bound));
  }
  layout->le.emplace_back("+Inf");
  return layout;
}

std::vector<std::uint16_t> fold_map(const BucketLayout& from, const BucketLayout& to) {
  std::vector<std::uint16_t> map;
  for (const double bound : from.bounds) {
    const auto at = std::lower_bound(to.bounds.begin(), to.bounds.end(), bound);
    map.push_back(static_cast<std::uint16_t>(at - to.bounds.begin()));
  }
  map.push_back(static_cast<std::uint16_t>(to.bounds.size()));
  return map;
}

}  // namespace weir::sidecar
