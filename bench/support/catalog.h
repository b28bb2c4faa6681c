// The series of the large benchmarks: names, labels and values, the same for Weir and for its
// peers. A line of the page is 117 bytes on average, as of a service with routes and accounts.
// Thread-safe: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::bench {

class Catalog {
 public:
  static constexpr std::uint32_t kFamilies = 100;
  static constexpr std::size_t kBuckets = 12;  // +Inf among them
  static constexpr std::array<std::string_view, 2> kLabelNames = {"account", "route"};
  static constexpr std::string_view kService = "bench";

  // Of each hundred series so many are histograms.
  explicit Catalog(std::uint32_t histogram_percent) : histogram_percent_(histogram_percent) {}

  [[nodiscard]] static std::uint32_t family_of(std::uint32_t series) { return series % kFamilies; }
  [[nodiscard]] bool is_histogram_family(std::uint32_t family) const {
    return family < histogram_percent_;
  }
  [[nodiscard]] bool is_histogram(std::uint32_t series) const {
    return is_histogram_family(family_of(series));
  }
  [[nodiscard]] std::string family_name(std::uint32_t family) const;
  [[nodiscard]] static std::vector<double> bounds();
  [[nodiscard]] static std::array<std::string, kLabelNames.size()> label_values(
      std::uint32_t series);

  // A counter begins with seven digits, and keeps them for millions of changes.
  [[nodiscard]] static std::uint64_t first_total(std::uint32_t series) {
    return 1'000'000 + series * 2'654'435'761ull % 8'000'000;
  }
  // What one change adds: to a counter, or to each of the two buckets of a histogram that move.
  [[nodiscard]] static std::uint64_t step(std::uint32_t series) { return 1 + series % 7; }
  [[nodiscard]] static std::array<std::uint16_t, 2> moving_buckets(std::uint32_t series) {
    const auto first = static_cast<std::uint16_t>(series / kFamilies % kBuckets);
    return {first, static_cast<std::uint16_t>((first + 5) % kBuckets)};
  }
  [[nodiscard]] static std::uint64_t first_bucket_total(std::uint32_t series, std::size_t bucket) {
    return 100 + series % 800 + bucket;
  }
  // Whole numbers: what is added up can be compared exactly.
  static constexpr double kSumOfObservation = 3;

  // One series in a hundred: of each family each hundredth, or all of one family.
  [[nodiscard]] static bool is_among_spread(std::uint32_t series) {
    return series / kFamilies % 100 == 50;
  }
  [[nodiscard]] static bool is_in_one_place(std::uint32_t series) {
    return family_of(series) == kFamilies / 2;
  }

 private:
  std::uint32_t histogram_percent_;
};

}  // namespace weir::bench
