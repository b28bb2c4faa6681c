// Runs of counters as every processor merges them, and as this one does if it can more. Each case
// goes through all lengths: of whole registers and of what is left over.
#include "sidecar/ingest/counter_runs.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace weir::sidecar {
namespace {

struct Functions {
  std::string name;
  std::size_t (*length)(const std::uint32_t*, const Target*, std::size_t);
  bool (*add)(const std::uint64_t*, std::uint64_t*, std::uint64_t*, std::size_t, std::uint64_t&);
};

#if defined(__x86_64__)
[[gnu::flatten, gnu::target("avx2")]] std::size_t length_avx2(const std::uint32_t* ids,
                                                              const Target* targets,
                                                              std::size_t size) {
  return run_length(ids, targets, size);
}
[[gnu::flatten, gnu::target("avx2")]] bool add_avx2(const std::uint64_t* totals,
                                                    std::uint64_t* applied, std::uint64_t* counters,
                                                    std::size_t length, std::uint64_t& increments) {
  return add_run(totals, applied, counters, length, increments);
}
#endif

std::vector<Functions> all_functions() {
  std::vector<Functions> all = {{"any processor", run_length, add_run}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) {
    all.push_back({"AVX2", length_avx2, add_avx2});
  }
#endif
  return all;
}

// Exactly as much memory as there are samples: who reads beyond it is seen by AddressSanitizer.
struct Samples {
  explicit Samples(std::size_t size) : ids(size), totals(size), applied(size), counters(size) {
    std::iota(ids.begin(), ids.end(), 7);
    for (std::size_t i = 0; i < size; ++i) {
      targets.emplace_back(TargetKind::kCounter, static_cast<std::uint32_t>(100 + i));
      applied[i] = 10 * i;
      totals[i] = applied[i] + i + 1;
      counters[i] = 1'000'000 + applied[i];
    }
    targets.shrink_to_fit();
  }
  std::vector<std::uint32_t> ids;
  std::vector<Target> targets;
  std::vector<std::uint64_t> totals, applied, counters;
};

constexpr std::size_t kSizeMax = kRunMax + 9;

TEST(CounterRunsTest, ARunEndsAtTheFirstThatDoesNotFollow) {
  for (const Functions& functions : all_functions()) {
    for (std::size_t size = 1; size <= kSizeMax; ++size) {
      Samples samples(size);
      EXPECT_EQ(functions.length(samples.ids.data(), samples.targets.data(), size), size)
          << functions.name;
      for (std::size_t at = 1; at < size; ++at) {
        SCOPED_TRACE(functions.name + ", " + std::to_string(at) + " of " + std::to_string(size));
        Samples other_id = samples;
        other_id.ids[at] += 1u << (at % 32);
        EXPECT_EQ(functions.length(other_id.ids.data(), other_id.targets.data(), size), at);
        Samples other_target = samples;
        other_target.targets[at].set_hidden(true);
        EXPECT_EQ(functions.length(other_target.ids.data(), other_target.targets.data(), size), at);
        Samples other_kind = samples;
        other_kind.targets[at] = Target(TargetKind::kReading, static_cast<std::uint32_t>(100 + at));
        EXPECT_EQ(functions.length(other_kind.ids.data(), other_kind.targets.data(), size), at);
      }
    }
  }
}

TEST(CounterRunsTest, WhatIsMoreIsAdded) {
  for (const Functions& functions : all_functions()) {
    for (std::size_t size = 1; size <= kSizeMax; ++size) {
      SCOPED_TRACE(functions.name + ", " + std::to_string(size));
      Samples samples(size);
      std::uint64_t increments = 5;
      EXPECT_TRUE(functions.add(samples.totals.data(), samples.applied.data(),
                                samples.counters.data(), size, increments));
      EXPECT_EQ(increments, 5 + size * (size + 1) / 2);
      EXPECT_EQ(samples.applied, samples.totals);
      for (std::size_t i = 0; i < size; ++i) {
        EXPECT_EQ(samples.counters[i], 1'000'000 + 10 * i + i + 1);
      }
    }
  }
}

TEST(CounterRunsTest, OneThatIsOddLeavesAllAsTheyWere) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  for (const Functions& functions : all_functions()) {
    for (std::size_t size = 1; size <= kSizeMax; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        const auto expect_unchanged = [&](std::uint64_t total, std::uint64_t applied,
                                          std::uint64_t counter) {
          Samples samples(size);
          samples.totals[at] = total;
          samples.applied[at] = applied;
          samples.counters[at] = counter;
          const Samples before = samples;
          std::uint64_t increments = 5;
          EXPECT_FALSE(functions.add(samples.totals.data(), samples.applied.data(),
                                     samples.counters.data(), size, increments));
          EXPECT_EQ(increments, 5u);
          EXPECT_EQ(samples.applied, before.applied);
          EXPECT_EQ(samples.counters, before.counters);
        };
        SCOPED_TRACE(functions.name + ", " + std::to_string(at) + " of " + std::to_string(size));
        expect_unchanged(8, 9, 50);         // went down
        expect_unchanged(0, kHalf + 1, 0);  // far down
        expect_unchanged(kHalf, 0, 0);      // too large for the short way
        expect_unchanged(UINT64_MAX, UINT64_MAX - 1, 1);
        expect_unchanged(2, 1, UINT64_MAX);  // would wrap
      }
    }
  }
}

}  // namespace
}  // namespace weir::sidecar
