// A histogram is whole, whenever it is read.
#include "weir/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include "client_lib/src/bucket_layout.h"
#include "client_lib/src/cell_reader.h"
#include "client_lib/src/registry_core.h"
#include "schemas/limits.h"
#include "weir/registry.h"

namespace weir {
namespace {

struct Reading {
  std::vector<std::uint64_t> buckets;
  double sum = 0;
  [[nodiscard]] std::uint64_t count() const {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  }
};

// Of the only series of a registry.
Reading read(Registry& registry) {
  Reading reading;
  registry.core().for_each_series(0, [&](const SeriesCore& series) {
    reading.buckets.resize(series.family->definition->layout->count + 1);
    reading.sum = cells::read_histogram(series.cell, reading.buckets);
  });
  return reading;
}

TEST(Histogram, ABoundBelongsToItsBucket) {
  Registry registry;
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1, 2, 4}});
  for (const double value : {-1.0, 1.0, 1.5, 2.0, 4.0, 4.1, 100.0}) {
    histogram.observe(value);
  }
  const Reading reading = read(registry);
  EXPECT_EQ(reading.buckets, (std::vector<std::uint64_t>{2, 2, 1, 2}));
  EXPECT_DOUBLE_EQ(reading.sum, 111.6);
}

TEST(Histogram, LongLayoutsFindTheSameBuckets) {
  Registry registry;
  const Bounds bounds = linear_bounds(0, 1, 100);  // searched in halves: past 32 bounds
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = bounds});
  std::vector<std::uint64_t> expected(101);
  for (int i = -10; i < 1200; ++i) {
    const double value = i / 10.0;
    histogram.observe(value);
    const auto bucket = static_cast<std::size_t>(std::max(0.0, std::ceil(value)));
    ++expected[std::min<std::size_t>(bucket, 100)];
  }
  EXPECT_EQ(read(registry).buckets, expected);
}

TEST(Histogram, EachNumberOfBoundsFindsTheBucketsThatCountingFinds) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (std::size_t count = 0; count <= cells::BucketLayout::kShort + 2; ++count) {
    const Bounds bounds = linear_bounds(-3, 0.5, count);
    const cells::BucketLayout layout = cells::layout_of(bounds);
    std::vector<double> values{-kInfinity, -4, 1e300, kInfinity};
    for (const double bound : bounds) {
      values.insert(values.end(), {std::nextafter(bound, -kInfinity), bound,
                                   std::nextafter(bound, kInfinity), bound + 0.25});
    }
    for (const double value : values) {
      const auto below = std::count_if(bounds.begin(), bounds.end(),
                                       [value](double bound) { return value > bound; });
      EXPECT_EQ(cells::bucket_of(layout, value), below) << value << " among " << count;
    }
  }
}

TEST(Histogram, NanIsIgnoredAndInfinityLeavesTheSumAlone) {
  Registry registry;
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1}});
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  histogram.observe(std::numeric_limits<double>::infinity());
  histogram.observe(-std::numeric_limits<double>::infinity());
  histogram.observe(0.5);
  const Reading reading = read(registry);
  EXPECT_EQ(reading.buckets, (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(reading.sum, 0.5);
}

TEST(Histogram, AConcurrentReaderSeesWholeObservationsOnly) {
  Registry registry;
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1, 2}});
  std::atomic<bool> end{false};
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&, histogram]() mutable {
      while (!end.load(std::memory_order_relaxed)) {
        histogram.observe(1);  // each bucket has its value: the sum follows from the buckets
        histogram.observe(2);
        histogram.observe(4);
      }
    });
  }
  // A reader beside writers that do nothing else finds a whole moment now and then: how often is
  // the scheduler's affair, so the time is what ends this.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::uint64_t count = 0;
  int i = 0;
  for (; i < 20'000 && std::chrono::steady_clock::now() < deadline; ++i) {
    const Reading reading = read(registry);
    const auto sum =
        static_cast<double>(reading.buckets[0] + 2 * reading.buckets[1] + 4 * reading.buckets[2]);
    ASSERT_EQ(reading.sum, sum) << "torn at read " << i;
    ASSERT_GE(reading.count(), count);
    count = reading.count();
  }
  EXPECT_GT(i, 20);
  EXPECT_GT(count, 0U);
  end = true;
  for (std::thread& writer : writers) {
    writer.join();
  }
}

TEST(Histogram, HelpersMakeBounds) {
  EXPECT_EQ(linear_bounds(1, 2, 3), (Bounds{1, 3, 5}));
  EXPECT_EQ(exponential_bounds(1, 10, 3), (Bounds{1, 10, 100}));
  EXPECT_TRUE(linear_bounds(1, 2, 0).empty());
  EXPECT_EQ(linear_bounds(0, 1, 1'000'000'000).size(), wire::kBucketsMax + 1);  // too many, soon
}

}  // namespace
}  // namespace weir
