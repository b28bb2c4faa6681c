#include "sidecar/registry/bucket_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace weir::sidecar {
namespace {

TEST(BucketRuns, ThoseOfOneLengthLieOneBehindTheOther) {
  BucketRuns runs;
  const std::span<std::uint64_t> first = runs.take(12);
  const std::span<std::uint64_t> other = runs.take(7);
  const std::span<std::uint64_t> second = runs.take(12);
  EXPECT_EQ(second.data(), first.data() + 12);
  EXPECT_EQ(other.size(), 7u);
  EXPECT_EQ(runs.chunks(), 2u);
}

// A model holds what each run was filled with.
TEST(BucketRuns, NoRunTouchesAnotherInAnyHistory) {
  BucketRuns runs;
  std::mt19937_64 random(1);
  std::vector<std::pair<std::span<std::uint64_t>, std::uint64_t>> held;
  for (int step = 0; step < 20'000; ++step) {
    const bool gives = step > 10'000 ? random() % 3 != 0 : random() % 3 == 0;
    if (gives && !held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      const auto [run, mark] = held.back();
      held.pop_back();
      ASSERT_TRUE(std::ranges::all_of(run, [&](std::uint64_t word) { return word == mark; }));
      runs.give_back(run);
    } else if (!gives) {
      constexpr std::size_t kLengths[] = {1, 2, 12, 65, 4'000, 4'088, 4'089, 9'000};
      const std::span<std::uint64_t> run =
          runs.take(kLengths[step % 50 == 0 ? random() % std::size(kLengths) : random() % 4]);
      ASSERT_TRUE(std::ranges::all_of(run, [](std::uint64_t word) { return word == 0; }));
      std::ranges::fill(run, step);
      held.emplace_back(run, step);
    }
  }
  for (const auto& [run, mark] : held) {
    ASSERT_TRUE(std::ranges::all_of(run, [&](std::uint64_t word) { return word == mark; }));
    runs.give_back(run);
  }
  EXPECT_EQ(runs.chunks(), 0u);
}

TEST(BucketRuns, ABurstThatHasGoneGivesItsMemoryBack) {
  BucketRuns runs;
  std::vector<std::span<std::uint64_t>> held;
  for (int i = 0; i < 100'000; ++i) {
    held.push_back(runs.take(12));
  }
  const std::size_t at_most = runs.chunks();
  EXPECT_LE(at_most, 100'000 * 12 * sizeof(std::uint64_t) / (32u << 10) + 10);
  while (held.size() > 100) {
    runs.give_back(held.back());
    held.pop_back();
  }
  EXPECT_LE(runs.chunks(), 2u);
}

}  // namespace
}  // namespace weir::sidecar
