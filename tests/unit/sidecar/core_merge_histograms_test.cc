// What deltas state of histograms: nearly all is merged the short way, what is odd with care. It
// must come to the same as if each were looked at bucket by bucket: whole, or not at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

using Buckets = std::vector<std::pair<std::uint16_t, std::uint64_t>>;  // index, total

struct MergeHistogramsTest : testing::Test, CoreFixture {
  MergeHistogramsTest() { options.zero_first = false; }

  // One histogram, under bounds of its own.
  struct Publisher {
    FramePublisher frames;
    std::vector<double> bounds;
    std::vector<std::uint64_t> applied;
    double applied_sum = 0;

    Publisher(CoreFixture& core, std::uint32_t pid, std::vector<double> own)
        : frames(core, "shop", pid), bounds(std::move(own)), applied(bounds.size() + 1) {
      const auto wait = frames.series(frames.family(
          {.name = "wait_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
      frames.set_histogram(wait, applied, 0).keyframe();
    }
  };

  void deliver(Publisher& publisher, const Buckets& buckets, double sum) {
    wire::Frame frame;
    frame.kind = wire::Kind::kDelta;
    frame.instance = publisher.frames.id;
    frame.seq = ++publisher.frames.seq;
    const std::vector<std::uint32_t> ids = {0};
    const std::vector<double> sums = {sum};
    const std::vector<std::uint16_t> changed = {static_cast<std::uint16_t>(buckets.size())};
    std::vector<std::uint16_t> indexes;
    std::vector<std::uint64_t> totals;
    for (const auto& [index, total] : buckets) {
      indexes.push_back(index);
      totals.push_back(total);
    }
    frame.histogram_ids = ids;
    frame.histogram_sums = sums;
    frame.histogram_changed = changed;
    frame.bucket_indexes = indexes;
    frame.bucket_totals = totals;
    const auto bytes = encoder.encode(frame);
    publisher.frames.deliver({bytes.begin(), bytes.end()});
  }

  // The bucket of the page's bounds that holds this one's upper bound.
  [[nodiscard]] std::size_t shown_as(const Publisher& publisher, std::size_t index) const {
    if (index == publisher.bounds.size()) {
      return shown_bounds.size();
    }
    const auto bound =
        std::lower_bound(shown_bounds.begin(), shown_bounds.end(), publisher.bounds[index]);
    return static_cast<std::size_t>(bound - shown_bounds.begin());
  }

  void state(Publisher& publisher, const Buckets& buckets, double sum) {
    deliver(publisher, buckets, sum);
    std::uint64_t room = UINT64_MAX - count;
    bool wraps = false;
    for (const auto& [index, total] : buckets) {
      if (index >= publisher.applied.size()) {
        ++mismatched;
        return;
      }
      if (total < publisher.applied[index]) {
        ++regressed;
        return;
      }
      const std::uint64_t more = total - publisher.applied[index];
      wraps |= more > room;
      room -= std::min(room, more);
    }
    if (wraps) {
      ++mismatched;
      return;
    }
    for (const auto& [index, total] : buckets) {
      std::uint64_t& applied = publisher.applied[index];
      if (total < applied) {
        ++regressed;
        continue;
      }
      shown[shown_as(publisher, index)] += total - applied;
      count += total - applied;
      applied = total;
    }
    shown_sum += sum - publisher.applied_sum;
    publisher.applied_sum = sum;
  }

  void expect_as_modelled() {
    const std::string page = "\n" + text();
    const auto expect = [&](const std::string& sample, const std::string& wanted) {
      EXPECT_NE(page.find("\n" + sample + " " + wanted + "\n"), std::string::npos)
          << sample << " is not " << wanted << " in\n"
          << page;
    };
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < shown.size(); ++i) {
      static constexpr const char* kLe[] = {"1.0", "3.0", "5.0", "+Inf"};
      cumulative += shown[i];
      expect("wait_seconds_bucket{service_name=\"shop\",le=\"" + std::string(kLe[i]) + "\"}",
             std::to_string(cumulative));
    }
    expect("wait_seconds_count{service_name=\"shop\"}", std::to_string(count));
    expect("wait_seconds_sum{service_name=\"shop\"}",
           std::to_string(static_cast<std::int64_t>(shown_sum)));
    expect("weir_sidecar_samples_refused_total{reason=\"regressed\"}", std::to_string(regressed));
    expect("weir_sidecar_samples_refused_total{reason=\"mismatched\"}", std::to_string(mismatched));
  }

  const std::vector<double> shown_bounds = {1, 3, 5};
  std::vector<std::uint64_t> shown = std::vector<std::uint64_t>(4);
  std::uint64_t count = 0, regressed = 0, mismatched = 0;
  double shown_sum = 0;  // whole numbers, far below 2^53
  wire::Encoder encoder;
};

TEST_F(MergeHistogramsTest, AnyStatementComesToTheSameAsBucketByBucket) {
  std::mt19937_64 random(11);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  std::vector<Publisher> publishers;
  publishers.reserve(3);
  publishers.emplace_back(*this, 1, std::vector<double>{1, 2, 4, 5});
  now += 1000;
  publishers.emplace_back(*this, 2, shown_bounds);  // the newest bounds are those of the page
  publishers.emplace_back(*this, 3, shown_bounds);
  for (int round = 0; round < 3000; ++round) {
    Publisher& publisher = publishers[below(publishers.size())];
    Buckets buckets;
    for (std::size_t left = below(6); left > 0; --left) {
      const bool exists = below(60) != 0;
      const auto index = static_cast<std::uint16_t>(exists ? below(publisher.applied.size())
                                                           : publisher.applied.size() + below(3));
      const std::uint64_t before = exists ? publisher.applied[index] : 0;
      std::uint64_t total = before + std::min(UINT64_MAX - before, below(5));
      if (const std::uint64_t oddity = below(80); oddity == 0) {
        total = before - std::min<std::uint64_t>(before, 1 + below(2));
      } else if (oddity == 1) {
        total = UINT64_MAX - below(3);
      } else if (oddity == 2 && round > 2000) {
        total = std::max(before, (std::uint64_t{1} << 63) - 2 + below(5));
      }
      buckets.emplace_back(index, total);
    }
    state(publisher, buckets, publisher.applied_sum + static_cast<double>(below(9)));
    if (round % 100 == 99) {
      expect_as_modelled();
    }
    if (round == 2000) {  // until then most statements are as they should be
      EXPECT_GT(count, 2000u);
      EXPECT_LT(count, 20'000u);
    }
  }
  EXPECT_GT(regressed, 50u);
  EXPECT_GT(mismatched, 50u);
}

TEST_F(MergeHistogramsTest, OneBucketThatWentDownLeavesAllAsItWas) {
  Publisher shop(*this, 1, shown_bounds);
  state(shop, {{0, 10}, {1, 10}}, 30);
  state(shop, {{0, 11}, {1, 9}}, 31);
  EXPECT_EQ(regressed, 1u);
  EXPECT_EQ(count, 20u);
  expect_as_modelled();
}

TEST_F(MergeHistogramsTest, BucketsThatWouldWrapTheCountTogetherAreRefused) {
  constexpr std::uint64_t kLargest = UINT64_MAX / 2;
  Publisher shop(*this, 1, shown_bounds);
  state(shop, {{0, 10}}, 30);
  state(shop, {{0, kLargest}, {1, kLargest}, {2, kLargest}}, 31);
  EXPECT_EQ(mismatched, 1u);
  expect_as_modelled();
}

// Each is found behind the buckets of the one before it, also if that was nobody's.
TEST_F(MergeHistogramsTest, HistogramsOfOneFrameHaveBucketsOfTheirOwn) {
  FramePublisher shop(*this, "shop", 1);
  const auto family = shop.family({.name = "wait_seconds",
                                   .type = wire::Type::kHistogram,
                                   .label_names = {"queue"},
                                   .bounds = shown_bounds});
  const auto first = shop.series(family, {"first"});
  const auto second = shop.series(family, {"second"});
  shop.keyframe();
  shop.set_histogram(first, {1, 2, 3, 4}, 10).set_histogram(second, {5, 6, 7, 8}, 20);
  shop.set_histogram(second + 1, {1, 1, 1, 1}, 1);  // never announced
  shop.delta();
  const auto shown_value = [&](const char* queue, const char* what) {
    return value("wait_seconds_" + std::string(what) + "{queue=\"" + queue +
                 "\",service_name=\"shop\"}");
  };
  EXPECT_EQ(shown_value("first", "count"), "10");
  EXPECT_EQ(shown_value("first", "sum"), "10");
  EXPECT_EQ(shown_value("second", "count"), "26");
  EXPECT_EQ(shown_value("second", "sum"), "20");
}

TEST_F(MergeHistogramsTest, ABucketThatStandsTwiceCountsOnce) {
  Publisher shop(*this, 1, shown_bounds);
  state(shop, {{0, 10}, {2, 4}, {0, 12}}, 30);
  EXPECT_EQ(count, 16u);
  state(shop, {{2, 9}, {2, 7}}, 50);  // the second is behind the first
  EXPECT_EQ(count, 21u);
  EXPECT_EQ(regressed, 1u);
  expect_as_modelled();
}

}  // namespace
}  // namespace weir::sidecar
