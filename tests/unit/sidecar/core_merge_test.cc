// What adds up, and what must not: the merge behind the engine's door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

using testing::HasSubstr;
using testing::Not;

struct MergeTest : testing::Test, CoreFixture {
  MergeTest() { options.zero_first = false; }
  FramePublisher shop{*this, "shop", 1};
  FramePublisher second{*this, "shop", 2};
};

constexpr const char* kOrders = "orders_total{service_name=\"shop\"}";

TEST_F(MergeTest, TwoInstancesOfAServiceAddUp) {
  shop.set(shop.counter("orders_total"), 5).keyframe();
  second.set(second.counter("orders_total"), 7).keyframe();
  EXPECT_EQ(value(kOrders), "12");
}

TEST_F(MergeTest, TwoServicesDoNot) {
  FramePublisher other(*this, "billing");
  shop.set(shop.counter("orders_total"), 5).keyframe();
  other.set(other.counter("orders_total"), 7).keyframe();
  EXPECT_EQ(value(kOrders), "5");
  EXPECT_EQ(value("orders_total{service_name=\"billing\"}"), "7");
}

TEST_F(MergeTest, IntegersStayIntegersPastTwoTo53) {
  shop.set(shop.counter("orders_total"), 9'007'199'254'740'993u).keyframe();
  EXPECT_EQ(value(kOrders), "9007199254740993");
}

TEST_F(MergeTest, ALostDeltaIsHealedByTheNextThatNamesTheSeries) {
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 1).keyframe();
  shop.set(orders, 2).make(wire::Kind::kDelta);  // lost
  shop.set(orders, 3).delta();
  EXPECT_EQ(value(kOrders), "3");
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u) << "the hole is asked about";
}

TEST_F(MergeTest, ARepeatedFrameCountsOnce) {
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 1).keyframe();
  const auto frame = shop.set(orders, 4).make(wire::Kind::kDelta);
  shop.deliver(frame);
  shop.deliver(frame);
  EXPECT_EQ(value(kOrders), "4");
  EXPECT_EQ(value("weir_sidecar_frames_total{outcome=\"duplicate\"}"), "1");
  EXPECT_EQ(value("weir_sidecar_frames_total{outcome=\"applied\"}"), "2");
}

TEST_F(MergeTest, ALateFrameAddsNothingTwice) {
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 1).keyframe();
  const auto late = shop.set(orders, 4).make(wire::Kind::kDelta);
  shop.set(orders, 9).delta();
  shop.deliver(late);
  EXPECT_EQ(value(kOrders), "9");
}

TEST_F(MergeTest, ATotalThatGoesDownIsRefusedAndAKeyframeAsked) {
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 10).keyframe();
  shop.set(orders, 4).delta();
  EXPECT_EQ(value(kOrders), "10");
  EXPECT_EQ(value("weir_sidecar_samples_refused_total{reason=\"regressed\"}"), "1");
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u);
}

TEST_F(MergeTest, AnInstanceThatEndsLeavesItsTotalBehind) {
  shop.set(shop.counter("orders_total"), 5).keyframe();
  shop.goodbye();
  second.set(second.counter("orders_total"), 7).keyframe();
  EXPECT_EQ(value(kOrders), "12");
  pass(11 * 60'000);  // past the time that late frames of the first are waited for
  EXPECT_EQ(value(kOrders), "12");
}

TEST_F(MergeTest, ASecondGoodbyeCountsOnlyWhatIsNew) {
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 5).keyframe();
  shop.goodbye();
  shop.set(orders, 6).goodbye();
  EXPECT_EQ(value(kOrders), "6");
  EXPECT_EQ(value("weir_service_clean_exits_total{service_name=\"shop\",weir_node=\"node-1\"}"),
            "1");
  EXPECT_EQ(control.count(wire::Kind::kAck), 2u);
}

TEST_F(MergeTest, ADeltaAfterTheGoodbyeAddsNothing) {
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 5).keyframe();
  const auto late = shop.set(orders, 8).make(wire::Kind::kDelta);
  shop.set(orders, 6).goodbye();
  shop.deliver(late);
  EXPECT_EQ(value(kOrders), "6");
}

TEST_F(MergeTest, DoublesDoNotDriftOverManyFrames) {
  const auto spent = shop.series(shop.family({.name = "spent_seconds_total"}));
  const auto also = second.series(second.family({.name = "spent_seconds_total"}));
  shop.set_double(spent, 0).keyframe();
  second.set_double(also, 1e15).keyframe();
  double total = 0;
  for (int i = 0; i < 10'000; ++i) {
    total += 0.1;
    shop.set_double(spent, total).delta();
  }
  const double exact = 1e15 + total;
  EXPECT_EQ(std::stod(value("spent_seconds_total{service_name=\"shop\"}")), exact);
}

TEST_F(MergeTest, IntegersAndDoublesOfOneSeriesAddUp) {
  const auto whole = shop.series(shop.family({.name = "units_total"}));
  const auto part = second.series(second.family({.name = "units_total"}));
  shop.set(whole, 2).keyframe();
  second.set_double(part, 0.5).keyframe();
  EXPECT_EQ(value("units_total{service_name=\"shop\"}"), "2.5");
}

TEST_F(MergeTest, AnExternalCounterIsNeverAddedUp) {
  const wire::FamilyView cpu{.name = "node_cpu_seconds_total", .origin = wire::Origin::kExternal};
  shop.service_label = second.service_label = false;
  shop.set_double(shop.series(shop.family(cpu)), 100).keyframe();
  now += 1000;
  FramePublisher restarted(*this, "shop", 3);
  restarted.service_label = false;
  restarted.set_double(restarted.series(restarted.family(cpu)), 101).keyframe();
  EXPECT_EQ(value("node_cpu_seconds_total"), "101");
  restarted.goodbye();
  EXPECT_EQ(value("node_cpu_seconds_total"), "100") << "what the older instance states is still so";
  shop.goodbye();
  EXPECT_EQ(value("node_cpu_seconds_total"), "absent") << "and it leaves nothing behind";
}

struct GaugeCase {
  wire::Aggregation aggregation;
  const char* expected;
};
class GaugeAggregation : public testing::TestWithParam<GaugeCase>, public CoreFixture {};

TEST_P(GaugeAggregation, CombinesTheInstances) {
  const wire::FamilyView load{
      .name = "load", .type = wire::Type::kGauge, .aggregation = GetParam().aggregation};
  FramePublisher first(*this, "shop", 1);
  first.set_gauge(first.series(first.family(load)), 4).keyframe();
  now += 1000;
  FramePublisher newer(*this, "shop", 2);
  newer.set_gauge(newer.series(newer.family(load)), 1).keyframe();
  EXPECT_EQ(value("load{service_name=\"shop\"}"), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Merge, GaugeAggregation,
                         testing::Values(GaugeCase{wire::Aggregation::kSum, "5"},
                                         GaugeCase{wire::Aggregation::kMin, "1"},
                                         GaugeCase{wire::Aggregation::kMax, "4"},
                                         GaugeCase{wire::Aggregation::kMean, "2.5"},
                                         GaugeCase{wire::Aggregation::kLast, "1"}));

TEST_F(MergeTest, PerInstanceGaugesKeepALabel) {
  const wire::FamilyView load{
      .name = "load", .type = wire::Type::kGauge, .aggregation = wire::Aggregation::kPerInstance};
  shop.set_gauge(shop.series(shop.family(load)), 4).keyframe();
  EXPECT_EQ(value("load{service_name=\"shop\",weir_instance=\"" + shop.id.to_string() + "\"}"),
            "4");
}

TEST_F(MergeTest, AGaugeGoesWithItsPublisher) {
  const wire::FamilyView load{.name = "load", .type = wire::Type::kGauge};
  shop.set_gauge(shop.series(shop.family(load)), 4).keyframe();
  shop.goodbye();
  EXPECT_EQ(value("load{service_name=\"shop\"}"), "absent");
}

TEST_F(MergeTest, AHeldGaugeStaysUntilItsTimeOrTheNextRun) {
  const wire::FamilyView ended{.name = "backup_ok", .type = wire::Type::kGauge, .hold_ms = 60'000};
  shop.set_gauge(shop.series(shop.family(ended)), 1).keyframe();
  shop.goodbye();
  EXPECT_EQ(value("backup_ok{service_name=\"shop\"}"), "1");
  pass(59'000);
  EXPECT_EQ(value("backup_ok{service_name=\"shop\"}"), "1");
  second.set_gauge(second.series(second.family(ended)), 0).keyframe();
  EXPECT_EQ(value("backup_ok{service_name=\"shop\"}"), "0") << "the next run's alone";
  second.goodbye();
  pass(61'000);
  EXPECT_EQ(value("backup_ok{service_name=\"shop\"}"), "absent");
}

TEST_F(MergeTest, AHistogramIsShownCumulativeAndWhole) {
  const std::vector<double> bounds{0.5, 1};
  const auto wait = shop.series(
      shop.family({.name = "wait_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
  shop.set_histogram(wait, {3, 0, 2}, 9.5).keyframe();
  EXPECT_EQ(value("wait_seconds_bucket{service_name=\"shop\",le=\"0.5\"}"), "3");
  EXPECT_EQ(value("wait_seconds_bucket{service_name=\"shop\",le=\"1.0\"}"), "3");
  EXPECT_EQ(value("wait_seconds_bucket{service_name=\"shop\",le=\"+Inf\"}"), "5");
  EXPECT_EQ(value("wait_seconds_count{service_name=\"shop\"}"), "5");
  EXPECT_EQ(value("wait_seconds_sum{service_name=\"shop\"}"), "9.5");
}

TEST_F(MergeTest, NewerBoundsWinAndTheOlderLayoutIsFoldedExactlyAtCommonBounds) {
  const std::vector<double> older{1, 2, 5};
  const std::vector<double> newer{1, 3, 5};
  const auto wait = shop.series(
      shop.family({.name = "wait_seconds", .type = wire::Type::kHistogram, .bounds = older}));
  shop.set_histogram(wait, {1, 2, 4, 8}, 50).keyframe();
  now += 1000;
  FramePublisher update(*this, "shop", 9);
  const auto also = update.series(
      update.family({.name = "wait_seconds", .type = wire::Type::kHistogram, .bounds = newer}));
  update.set_histogram(also, {10, 20, 40, 80}, 500).keyframe();
  const auto bucket = [&](const char* le) {
    return value(std::string("wait_seconds_bucket{service_name=\"shop\",le=\"") + le + "\"}");
  };
  EXPECT_EQ(bucket("1.0"), "11");
  EXPECT_EQ(bucket("2.0"), "absent");
  EXPECT_EQ(bucket("5.0"), "77");  // 1+2+4 and 10+20+40
  EXPECT_EQ(bucket("+Inf"), "165");
  // The older instance goes on under its own bounds.
  shop.set_histogram(wait, {2, 2, 4, 8}, 51).delta();
  EXPECT_EQ(bucket("1.0"), "12");
  EXPECT_EQ(bucket("+Inf"), "166");
}

TEST_F(MergeTest, ABucketThatDoesNotExistSpoilsOnlyItsHistogram) {
  const std::vector<double> bounds{1};
  const auto wait = shop.series(
      shop.family({.name = "wait_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
  const auto orders = shop.counter("orders_total");
  shop.set(orders, 3).set_histogram(wait, {1, 1, 1}, 2).keyframe();
  EXPECT_EQ(value(kOrders), "3");
  EXPECT_EQ(value("wait_seconds_count{service_name=\"shop\"}"), "0");
  EXPECT_EQ(value("weir_sidecar_samples_refused_total{reason=\"mismatched\"}"), "1");
}

TEST_F(MergeTest, AHugeTotalCannotWrapWhatOthersCounted) {
  shop.set(shop.counter("orders_total"), 5).keyframe();
  second.set(second.counter("orders_total"), UINT64_MAX).keyframe();
  EXPECT_EQ(value(kOrders), "5");
}

TEST_F(MergeTest, ARemovedSeriesLeavesAndComesBackWithItsTotal) {
  const auto family = shop.family({.name = "orders_total", .label_names = {"kind"}});
  const auto book = shop.series(family, {"book"});
  shop.set(book, 4).keyframe();
  const char* sample = "orders_total{kind=\"book\",service_name=\"shop\"}";
  EXPECT_EQ(value(sample), "4");
  shop.remove(book).delta();
  EXPECT_EQ(value(sample), "absent");
  FramePublisher again(*this, "shop", 2);  // a sibling that still has it shows the sum
  const auto same = again.family({.name = "orders_total", .label_names = {"kind"}});
  again.set(again.series(same, {"book"}), 1).keyframe();
  EXPECT_EQ(value(sample), "5");
}

TEST_F(MergeTest, LabelsAreSortedAndEmptyOnesLeftOff) {
  const auto family = shop.family({.name = "orders_total", .label_names = {"z", "a", "m"}});
  shop.constant_labels = {{"b", "x\"y\n"}};
  shop.set(shop.series(family, {"1", "2", ""}), 4).keyframe();
  EXPECT_THAT(text(),
              HasSubstr("orders_total{a=\"2\",b=\"x\\\"y\\n\",service_name=\"shop\",z=\"1\"} 4\n"));
}

TEST_F(MergeTest, ASeriesThatBeganAfterTheSidecarShowsZeroOnce) {
  options.zero_first = true;
  engine();
  now += 1;
  FramePublisher late(*this, "late");
  late.set(late.counter("orders_total"), 3).keyframe();
  const char* sample = "orders_total{service_name=\"late\"} ";
  const auto scraped = [&] { return text({.names = {}, .collects = {}, .from_scraper = true}); };
  EXPECT_THAT(text(), HasSubstr(sample + std::string("3\n"))) << "a person takes nothing away";
  EXPECT_THAT(scraped(), HasSubstr(sample + std::string("0\n")));
  EXPECT_THAT(scraped(), HasSubstr(sample + std::string("3\n")));
}

TEST_F(MergeTest, ASeriesThatBeganBeforeTheSidecarDoesNot) {
  options.zero_first = true;
  shop.set(shop.counter("orders_total"), 3);
  now += 1;
  shop.keyframe();
  EXPECT_EQ(value(kOrders), "3");
}

}  // namespace
}  // namespace weir::sidecar
