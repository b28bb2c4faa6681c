#include "sidecar/process/allocator.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sidecar/process/process_stats.h"

namespace weir::sidecar {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

TEST(HeapTidier, IsWorthItWhenMuchOfTheMemoryIsNotInUse) {
  EXPECT_FALSE(HeapTidier::is_worth_it(20 * kMiB, 10 * kMiB, 0));
  EXPECT_TRUE(HeapTidier::is_worth_it(50 * kMiB, 10 * kMiB, 0));
  EXPECT_FALSE(HeapTidier::is_worth_it(1050 * kMiB, 1000 * kMiB, 0)) << "five hundredths of it";
  EXPECT_TRUE(HeapTidier::is_worth_it(1200 * kMiB, 1000 * kMiB, 0));
  EXPECT_FALSE(HeapTidier::is_worth_it(1200 * kMiB, 1000 * kMiB, 190 * kMiB))
      << "nor when it did not help the last time";
  EXPECT_FALSE(HeapTidier::is_worth_it(0, 10 * kMiB, 0)) << "not known";
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // allocators of their own

// Every second block stays, so no heap ends in anything free: the allocator alone would keep it.
TEST(HeapTidier, GivesBackWhatLiesBetweenTheBlocksInUse) {
  constexpr std::size_t kBlocks = 4000;
  constexpr std::size_t kBytes = 64 << 10;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    blocks.push_back(std::make_unique<char[]>(kBytes));
  }
  for (std::size_t i = 0; i < kBlocks; i += 2) {
    blocks[i].reset();
  }
  const std::uint64_t before = read_process_stats()->resident_bytes;
  HeapTidier heap;
  int gave_back = 0;
  for (int second = 0; second < 60; ++second) {
    gave_back += heap.step() ? 1 : 0;
  }
  EXPECT_EQ(gave_back, 1);
  EXPECT_LT(read_process_stats()->resident_bytes, before - kBlocks / 2 * kBytes * 8 / 10);
}

#endif

}  // namespace
}  // namespace weir::sidecar
