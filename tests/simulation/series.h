// The series that the simulation's publishers count: few and fixed, so that what ought to be shown
// is an array. Services x families x label values. Thread-safe: constants.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace weir::simulation {

inline constexpr std::size_t kServices = 2;
inline constexpr std::size_t kFamilies = 3;
inline constexpr std::size_t kLabels = 6;
inline constexpr std::size_t kWideLabel = 3;  // from here on values are long: keyframes are split
inline constexpr std::size_t kKeys = kFamilies * kLabels;  // of one service

inline constexpr std::array<std::string_view, kServices> kServiceNames = {"shop", "till"};

enum class FamilyKind : std::uint8_t { kInteger, kDouble, kHistogram };
inline constexpr std::array<std::string_view, kFamilies> kFamilyNames = {
    "sim_hits_total", "sim_work_total", "sim_size"};
inline constexpr std::string_view kLabelName = "who";
inline constexpr std::size_t kWideBytes = 900;

// A series of a service.
struct Key {
  std::size_t family = 0;
  std::size_t label = 0;

  [[nodiscard]] std::size_t index() const { return family * kLabels + label; }
  [[nodiscard]] static Key of(std::size_t index) { return {index / kLabels, index % kLabels}; }
  [[nodiscard]] FamilyKind kind() const { return static_cast<FamilyKind>(family); }
};

// The first letter says which; the page is read by it.
[[nodiscard]] inline std::string label_value(std::size_t label) {
  return std::string(label < kWideLabel ? 1 : kWideBytes, static_cast<char>('a' + label));
}

// What one count adds. Multiples of a quarter: sums of doubles are exact in any order.
inline constexpr double kWork = 0.25;
// A histogram observes one value per label, so its sum must be a multiple of its count.
[[nodiscard]] constexpr double observed(std::size_t label) {
  return label % 3 == 0 ? 0.5 : label % 3 == 1 ? 3 : 6;
}
// Two versions of the program: the bounds of a histogram change in a rolling update.
inline constexpr std::array<std::array<double, 3>, 2> kBounds = {{{1, 2, 4}, {1, 4, 8}}};
// Cumulative counts at these never go down, whichever bounds are in force.
[[nodiscard]] constexpr bool is_common_bound(double bound) {
  return bound == 1 || bound == 4;
}

// A value for each series of a service: totals in units (hits, quarters of work, observations).
using Totals = std::array<double, kKeys>;

}  // namespace weir::simulation
