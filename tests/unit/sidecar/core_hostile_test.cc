// What a hostile, broken or unlucky publisher can not do to the others, to the memory, or to
// itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "sidecar/nats/ingest_queue.h"
#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
constexpr double kHugest = std::numeric_limits<double>::max();

struct HostileTest : testing::Test, CoreFixture {
  HostileTest() { options.zero_first = false; }

  std::uint32_t histogram(FramePublisher& publisher) {
    return publisher.series(publisher.family(
        {.name = "took_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
  }
  std::uint32_t gauge(FramePublisher& publisher, wire::Aggregation aggregation,
                      std::uint64_t hold_ms = 0) {
    return publisher.series(publisher.family({.name = "level",
                                              .type = wire::Type::kGauge,
                                              .aggregation = aggregation,
                                              .hold_ms = hold_ms}));
  }
  static constexpr std::array<double, 2> bounds = {1, 2};
};

// The parts of one keyframe or goodbye, as a publisher with a small max_payload makes them.
std::vector<std::vector<std::uint8_t>> in_two_parts(FramePublisher& publisher, wire::Kind kind) {
  std::vector<std::vector<std::uint8_t>> parts;
  for (std::uint16_t part = 0; part < 2; ++part) {
    publisher.part = part;
    publisher.parts = 2;
    parts.push_back(publisher.make(kind));
  }
  publisher.part = 0;
  publisher.parts = 1;
  return parts;
}

TEST_F(HostileTest, ASplitKeyframeAppliesWholeOrNotAtAll) {
  FramePublisher publisher(*this, "shop");
  const auto id = publisher.counter("sold_total");
  publisher.set(id, 7);
  publisher.parts = 2;
  const auto first = publisher.make(wire::Kind::kKeyframe);
  publisher.series(publisher.family({.name = "bad_total"}), {"a value without a label"});
  publisher.part = 1;
  publisher.deliver(first);
  publisher.deliver(publisher.make(wire::Kind::kKeyframe));
  EXPECT_EQ(value("sold_total{service_name=\"shop\"}"), "absent");
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"bad_labels\"}"), "2");
  EXPECT_EQ(value("weir_sidecar_frames_total{outcome=\"applied\"}"), "0");
}

TEST_F(HostileTest, ABucketNeverWrapsWhatOthersCounted) {
  FramePublisher honest(*this, "shop", 1), hostile(*this, "shop", 2);
  honest.set_histogram(histogram(honest), {3, 2, 1}, 7).keyframe();
  hostile.set_histogram(histogram(hostile), {kHuge - 1, 0, 0}, 0).keyframe();
  EXPECT_EQ(value("took_seconds_bucket{service_name=\"shop\",le=\"1.0\"}"), "3");
  hostile.set_histogram(0, {kHuge / 2, kHuge / 2, kHuge / 2}, 0).keyframe();
  EXPECT_EQ(value("took_seconds_count{service_name=\"shop\"}"), "6");
  honest.set_histogram(0, {3, 2, 4}, 9).delta();
  EXPECT_EQ(value("took_seconds_count{service_name=\"shop\"}"), "9");
  EXPECT_EQ(value("weir_sidecar_samples_refused_total{reason=\"mismatched\"}"), "2");
}

// Found by its family, a series of the second would be taken for one of the first: with the labels
// and the buckets of that.
TEST_F(HostileTest, AFamilyUnderTwoIdsIsRefusedTheSecondTime) {
  std::vector<double> many(400);
  std::iota(many.begin(), many.end(), 1);
  const std::vector<double> one = {1};
  FramePublisher hostile(*this, "shop", 1);
  const auto first =
      hostile.family({.name = "took_seconds", .type = wire::Type::kHistogram, .bounds = one});
  const auto second = hostile.family({.name = "took_seconds",
                                      .type = wire::Type::kHistogram,
                                      .label_names = {"x"},
                                      .bounds = many});
  hostile.set_histogram(hostile.series(first), {1, 2}, 3);
  std::vector<std::uint64_t> buckets(401);
  buckets[300] = 7;
  hostile.set_histogram(hostile.series(second, {"v"}), buckets, 300).keyframe();
  EXPECT_EQ(value("took_seconds_count{service_name=\"shop\"}"), "3");
  EXPECT_EQ(value("took_seconds_count{service_name=\"shop\",x=\"v\"}"), "absent");
  hostile.goodbye();
  pass(11 * 60'000);  // retired
  EXPECT_EQ(value("took_seconds_count{service_name=\"shop\"}"), "3");
  EXPECT_EQ(value("weir_sidecar_samples_refused_total{reason=\"mismatched\"}"), "0");
}

TEST_F(HostileTest, ASumNeverBecomesNoNumber) {
  FramePublisher honest(*this, "shop", 1), hostile(*this, "shop", 2);
  honest.set_double(honest.counter("joules_total"), 1e308)
      .set_histogram(histogram(honest), {1, 0, 0}, 1e308)
      .keyframe();
  hostile.set_double(hostile.counter("joules_total"), kHugest)
      .set_histogram(histogram(hostile), {1, 0, 0}, kHugest)
      .keyframe();
  EXPECT_EQ(value("joules_total{service_name=\"shop\"}"), "1e+308");
  EXPECT_EQ(value("took_seconds_sum{service_name=\"shop\"}"), "1e+308");
  EXPECT_EQ(value("took_seconds_count{service_name=\"shop\"}"), "1");
  honest.set_double(0, 1.5e308).set_histogram(1, {2, 0, 0}, 1.5e308).delta();
  EXPECT_EQ(value("joules_total{service_name=\"shop\"}"), "1.5e+308");
  EXPECT_EQ(value("took_seconds_sum{service_name=\"shop\"}"), "1.5e+308");
}

TEST_F(HostileTest, AHoldOfAgesIsRefused) {
  FramePublisher job(*this, "job");
  job.set_gauge(gauge(job, wire::Aggregation::kSum, INT64_MAX), 5).goodbye();
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"limit_exceeded\"}"), "1");
}

TEST_F(HostileTest, NoNumberIsNeitherTheLeastNorTheGreatest) {
  FramePublisher first(*this, "shop", 1), second(*this, "shop", 2), third(*this, "shop", 3);
  first.set_gauge(gauge(first, wire::Aggregation::kMax), 1).keyframe();
  second.set_gauge(gauge(second, wire::Aggregation::kMax), std::nan("")).keyframe();
  EXPECT_EQ(value("level{service_name=\"shop\"}"), "1");
  third.set_gauge(gauge(third, wire::Aggregation::kMax), 2).keyframe();
  EXPECT_EQ(value("level{service_name=\"shop\"}"), "2");
  second.goodbye();
  first.set_gauge(0, std::nan("")).delta();
  EXPECT_EQ(value("level{service_name=\"shop\"}"), "2");
}

TEST_F(HostileTest, AKeyframeThatIsMissedIsStillMissedAfterASilence) {
  FramePublisher shop(*this, "shop");
  shop.set(shop.counter("orders_total"), 1).keyframe();
  (void)shop.make(wire::Kind::kDelta);  // lost
  shop.delta();
  ASSERT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u);  // lost, too
  pass(20'000);
  ASSERT_EQ(engine().publishers().front().state, InstanceState::kLost);
  control.sent.clear();
  shop.delta();  // the very next one: no new gap
  pass(60'000);
  shop.delta();
  EXPECT_GE(control.count(wire::Kind::kKeyframeWanted), 1u);
}

TEST_F(HostileTest, WhoWasTakenForDeadIsAskedForItsReadings) {
  FramePublisher shop(*this, "shop", 7);
  shop.set_gauge(gauge(shop, wire::Aggregation::kSum), 5).keyframe();
  dead[7] = true;
  pass(6000);
  ASSERT_EQ(engine().publishers().front().state, InstanceState::kCrashed);
  dead[7] = false;
  shop.quiet = true;
  shop.delta();
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u);
}

TEST_F(HostileTest, AGoodbyeThatWasNotMergedIsNotAcknowledged) {
  FramePublisher shop(*this, "shop");
  shop.set(shop.counter("orders_total"), 1).keyframe();
  shop.set(0, 5);
  const auto parts = in_two_parts(shop, wire::Kind::kGoodbye);
  shop.deliver(parts[1], "reply");  // reordered, then repeated
  shop.deliver(parts[0]);
  shop.deliver(parts[1], "reply");
  EXPECT_EQ(control.count(wire::Kind::kAck), 0u);
  shop.goodbye();
  EXPECT_EQ(control.count(wire::Kind::kAck), 1u);
  EXPECT_EQ(value("orders_total{service_name=\"shop\"}"), "5");
}

TEST_F(HostileTest, PartsWhoseRestNeverComesEndInACounter) {
  FramePublisher shop(*this, "shop");
  shop.counter("orders_total");
  shop.deliver(in_two_parts(shop, wire::Kind::kKeyframe)[0]);
  pass(3'600'000);
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"incomplete\"}"), "1");
}

TEST_F(HostileTest, KeyframesThatAreNeverWholeDoNotFillTheMemory) {
  options.ingest.pending_bytes_max = 4000;
  for (int i = 0; i < 100; ++i) {
    FramePublisher hostile(*this, "shop");
    hostile.set(hostile.counter("orders_total"), 1);
    hostile.deliver(in_two_parts(hostile, wire::Kind::kKeyframe)[0]);
  }
  const std::string refused = value("weir_sidecar_frames_refused_total{reason=\"limit_exceeded\"}");
  EXPECT_GT(std::stoul(refused), 50u);
  pass(31'000);
  FramePublisher honest(*this, "shop");
  honest.set(honest.counter("orders_total"), 4);
  for (const auto& part : in_two_parts(honest, wire::Kind::kKeyframe)) {
    honest.deliver(part);
  }
  EXPECT_EQ(value("orders_total{service_name=\"shop\"}"), "4");
}

TEST_F(HostileTest, ARemovedSeriesKeepsWhatItCounted) {
  FramePublisher first(*this, "shop", 1);
  first.set(first.counter("orders_total"), 100).keyframe();
  first.remove(0).delta();
  EXPECT_EQ(value("orders_total{service_name=\"shop\"}"), "absent");
  first.goodbye();
  pass(3'600'000);
  pass(3'600'000);
  FramePublisher second(*this, "shop", 2);
  second.set(second.counter("orders_total"), 5).keyframe();
  EXPECT_EQ(value("orders_total{service_name=\"shop\"}"), "105");
}

TEST_F(HostileTest, WhatASecondGoodbyeAnnouncesIsSeen) {
  FramePublisher shop(*this, "shop");
  shop.set(shop.counter("orders_total"), 1).keyframe();
  shop.goodbye();
  shop.set(shop.counter("refunds_total"), 2).goodbye();
  EXPECT_EQ(value("refunds_total{service_name=\"shop\"}"), "2");
}

TEST_F(HostileTest, AClockThatWasAheadDoesNotWinForEver) {
  now += 3600'000;
  FramePublisher ahead(*this, "shop", 1);
  now -= 3600'000;
  ahead.set_gauge(gauge(ahead, wire::Aggregation::kMax), 5).keyframe();
  ahead.goodbye();
  now += 1000;
  FramePublisher first(*this, "shop", 2), second(*this, "shop", 3);
  first.set_gauge(gauge(first, wire::Aggregation::kSum), 1).keyframe();
  second.set_gauge(gauge(second, wire::Aggregation::kSum), 2).keyframe();
  EXPECT_EQ(value("level{service_name=\"shop\"}"), "3");
}

TEST_F(HostileTest, AFamilyIdStaysWithItsFamily) {
  FramePublisher shop(*this, "shop");
  shop.set(shop.counter("orders_total"), 1).keyframe();
  FramePublisher changed(*this, "shop");
  changed.id = shop.id;
  changed.seq = shop.seq;
  changed.set(changed.counter("refunds_total"), 9).keyframe();
  EXPECT_EQ(value("orders_total{service_name=\"shop\"}"), "1");
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"conflict\"}"), "1");
}

TEST_F(HostileTest, AnIdFarAwayTakesNoMemory) {
  FramePublisher hostile(*this, "shop");
  const std::uint32_t family = hostile.family({.name = "orders_total"});
  for (int i = 0; i < 3; ++i) {
    hostile.series(family);
  }
  hostile.first_series = 2;
  hostile.keyframe();  // 0 and 1 are not announced
  EXPECT_EQ(engine().publishers().front().series, 0u);
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u);
}

TEST_F(HostileTest, AllSeriesTogetherHaveALimit) {
  (void)text();
  options.capacity.series_max = 200;
  engine_.reset();
  (void)text();
  FramePublisher hostile(*this, "shop", 1);
  const std::uint32_t family = hostile.family({.name = "orders_total", .label_names = {"order"}});
  for (int i = 0; i < 300; ++i) {
    hostile.set(hostile.series(family, {std::to_string(i)}), 1);
  }
  hostile.keyframe();
  EXPECT_LE(engine().status().series, 200u);
  EXPECT_GE(engine().status().series, 150u);
  EXPECT_EQ(engine().refusals().front().reason, "limit_exceeded");
  EXPECT_EQ(value("orders_total{order=\"0\",service_name=\"shop\"}"), "1");
}

TEST_F(HostileTest, TheIdsOfTheDeadAreNotKeptForEver) {
  Registry registry;
  LifeRules rules;
  rules.remembered_max = 10;
  Directory directory(rules, registry, [](auto, auto, auto) { return true; });
  std::vector<wire::InstanceId> ids;
  for (int i = 0; i < 12; ++i) {
    ids.push_back(wire::InstanceId::random());
    directory.ended(*directory.add(ids.back(), now), InstanceState::kExited, now);
    now += rules.late_frames_ms + 1;
    directory.drop_finished(now, {});
    directory.tick(now);
  }
  EXPECT_EQ(directory.remembered(ids[1]), Directory::Memory::kNothing);
  EXPECT_EQ(directory.remembered(ids[2]), Directory::Memory::kEnded);
  directory.tick(now + rules.remember_ms + 1);
  EXPECT_EQ(directory.remembered(ids[11]), Directory::Memory::kNothing);
}

TEST_F(HostileTest, ServiceNamesWithoutEndAreListedAsOthers) {
  ServiceLog log(1000);
  for (std::size_t i = 0; i < ServiceLog::kServicesMax + 500; ++i) {
    log.started("node-1", "service " + std::to_string(i), now);
  }
  const std::vector<ServiceInfo> listed = log.list(now);
  ASSERT_EQ(listed.size(), ServiceLog::kServicesMax + 1);
  EXPECT_EQ(listed.front().service, "(others)");
  EXPECT_EQ(listed.front().starts, 500u);
}

TEST(IngestQueueTest, EmptyMessagesFillItToo) {
  struct Empty final : Message {
    [[nodiscard]] std::string_view subject() const override { return "weir.v1.pub.a.b.c"; }
    [[nodiscard]] std::string_view reply() const override { return {}; }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const override { return {}; }
  };
  IngestQueue queue(10'000);
  int taken = 0;
  while (taken < 10'000 && queue.push(std::make_unique<Empty>())) {
    ++taken;
  }
  EXPECT_LT(taken, 100);
  EXPECT_EQ(queue.shed(), 1u);
}

}  // namespace
}  // namespace weir::sidecar
