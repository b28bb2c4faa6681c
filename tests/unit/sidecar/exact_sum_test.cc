#include "sidecar/registry/exact_sum.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace weir::sidecar {
namespace {

// Totals of three publishers move in turns, over ranges that one double could not hold together;
// when each is back at 0, so is their sum.
TEST(ExactSum, ReplacingLeavesNoResidue) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-20, 60);
  ExactSum sum;
  double totals[3] = {};
  for (int step = 0; step < 100'000; ++step) {
    double& total = totals[random() % 3];
    const double next = total + std::ldexp(1.0 + static_cast<double>(random() % 1000) / 1000,
                                           static_cast<int>(exponent(random)));
    sum.replace(total, next);
    total = next;
  }
  for (double& total : totals) {
    sum.replace(total, 0);
  }
  EXPECT_LT(std::abs(sum.value()), 1e-9);
}

TEST(ExactSum, ReplacingIsTakingBackAndAdding) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> any(-1e6, 1e6);
  for (int step = 0; step < 100'000; ++step) {
    ExactSum in_one, in_two;
    const double before = any(random), after = any(random), others = any(random);
    for (ExactSum* sum : {&in_one, &in_two}) {
      sum->add(others);
      sum->add(before);
    }
    in_one.replace(before, after);
    in_two.add(-before);
    in_two.add(after);
    ASSERT_EQ(in_one.value(), in_two.value()) << others << ": " << before << " -> " << after;
  }
}

TEST(ExactSum, ASumThatLeavesTheRangeSaysSo) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  ExactSum sum;
  sum.add(kLargest);
  sum.replace(0, kLargest);
  EXPECT_FALSE(sum.is_finite());
  sum = {};
  sum.replace(-kLargest, kLargest);
  EXPECT_FALSE(sum.is_finite());
}

}  // namespace
}  // namespace weir::sidecar
