// What the sidecar says of its sums and of their parts: they agree through every end of an
// instance.
#include <gtest/gtest.h>

#include <algorithm>

#include "sidecar/exposition/totals.h"
#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

constexpr double kBounds[] = {1, 2};

class CoreTotalsTest : public ::testing::Test, public CoreFixture {
 protected:
  static FamilyTotals sum_of_parts(const TotalsReport& report) {
    FamilyTotals sum = report.retired;
    for (const InstanceTotals& instance : report.instances) {
      for (const auto& [family, total] : instance.families) {
        sum[family] += total;
      }
    }
    return sum;
  }
  TotalsReport totals() {
    const TotalsReport report = engine().totals();
    EXPECT_EQ(sum_of_parts(report), report.families);
    return report;
  }
  static const InstanceTotals& of(const TotalsReport& report, const FramePublisher& publisher) {
    return *std::find_if(report.instances.begin(), report.instances.end(),
                         [&](const auto& one) { return one.instance == publisher.id.to_string(); });
  }
};

TEST_F(CoreTotalsTest, AreThoseOfTheInstanceAsOfItsLastFrame) {
  FramePublisher one(*this, "shop"), two(*this, "cart");
  const auto x = one.counter("x_total");
  const auto h =
      one.series(one.family({.name = "h", .type = wire::Type::kHistogram, .bounds = kBounds}));
  one.set(x, 5).set_histogram(h, {1, 0, 2}, 9).keyframe();
  two.set(two.counter("x_total"), 10).keyframe();
  one.set(x, 7).delta();
  const TotalsReport report = totals();
  EXPECT_EQ(of(report, one).seq, 2u);
  EXPECT_EQ(of(report, one).state, InstanceState::kUp);
  EXPECT_EQ(of(report, one).families, (FamilyTotals{{"h", 3}, {"x_total", 7}}));
  EXPECT_EQ(report.families, (FamilyTotals{{"h", 3}, {"x_total", 17}}));
  EXPECT_TRUE(report.retired.empty());
}

TEST_F(CoreTotalsTest, EndedAndForgottenInstancesStayInTheSum) {
  FramePublisher one(*this, "shop"), two(*this, "shop");
  one.set(one.counter("x_total"), 5)
      .set_histogram(
          one.series(one.family({.name = "h", .type = wire::Type::kHistogram, .bounds = kBounds})),
          {1, 1, 1}, 4)
      .keyframe();
  const auto x = two.counter("x_total");
  two.set(x, 100).keyframe();
  one.goodbye();
  EXPECT_EQ(of(totals(), one).state, InstanceState::kExited);
  for (int i = 0; i < 20; ++i) {
    pass(60'000);
    two.delta();
  }
  const TotalsReport report = totals();
  EXPECT_EQ(report.instances.size(), 1u);
  EXPECT_EQ(report.retired, (FamilyTotals{{"h", 3}, {"x_total", 5}}));
  EXPECT_EQ(report.families, (FamilyTotals{{"h", 3}, {"x_total", 105}}));
}

TEST_F(CoreTotalsTest, WhatIsNotShownIsStillCounted) {
  FramePublisher one(*this, "shop");
  const auto x = one.counter("x_total");
  one.set(x, 5).remove(x).keyframe();
  EXPECT_EQ(totals().families, (FamilyTotals{{"x_total", 5}}));
}

TEST_F(CoreTotalsTest, ASeriesThatLeavesMemoryTakesItsPartAlong) {
  options.retired_ttl_ms = options.series_ttl_ms = 1'000'000;
  FramePublisher one(*this, "shop");
  one.set(one.counter("x_total"), 5).keyframe();
  one.goodbye();
  for (int i = 0; i < 60; ++i) {
    pass(60'000);
  }
  const TotalsReport report = totals();
  EXPECT_TRUE(report.families.empty());
  EXPECT_TRUE(report.retired.empty());
}

TEST_F(CoreTotalsTest, OwnIntegersAlone) {
  FramePublisher one(*this, "shop");
  one.set_double(one.counter("d_total"), 1.5)
      .set_gauge(one.series(one.family({.name = "g", .type = wire::Type::kGauge})), 7)
      .set(one.series(one.family({.name = "e_total", .origin = wire::Origin::kExternal})), 100)
      .keyframe();
  (void)text();
  engine().scraped(0.1, 100);  // the sidecar observes a histogram of its own
  (void)text();
  const TotalsReport report = engine().totals();
  EXPECT_EQ(report.families, (FamilyTotals{{"d_total", 0}}));
}

}  // namespace
}  // namespace weir::sidecar
