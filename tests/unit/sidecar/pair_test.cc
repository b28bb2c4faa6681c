// Two sidecars, one truth: what each knows, both show, and no counter goes down.
#include <gtest/gtest.h>

#include "pair_fixture.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

class PairTest : public ::testing::Test, public PairFixture {};

TEST_F(PairTest, EachSeesTheOther) {
  start_both();
  for (int side : {0, 1}) {
    EXPECT_EQ(value(side, "weir_sidecar_peers"), "1");
    EXPECT_TRUE(engines[side]->status().degraded.empty());
    EXPECT_TRUE(engines[side]->status().peers.at(0).pair);
  }
  kill(1);
  pass(16'000);
  EXPECT_EQ(value(0, "weir_sidecar_peers"), "0");
}

TEST_F(PairTest, WhoSaysThatItLeavesIsGoneAtOnce) {
  start_both();
  engines[1]->part();
  kill(1);
  turn();
  EXPECT_EQ(engines[0]->peer_count(), 0U);
}

TEST_F(PairTest, ASecondOneThatIsNoPairIsWarnedOf) {
  options[0].peers.pair = options[1].peers.pair = false;
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kKeyframe));
  pass(2 * kMinute);
  for (int side : {0, 1}) {
    EXPECT_EQ(value(side, "weir_sidecar_peers"), "1");
    ASSERT_EQ(engines[side]->status().degraded.size(), 1U);
    EXPECT_NE(engines[side]->status().degraded[0].find("pair: true is not set here"),
              std::string::npos);
  }
  EXPECT_EQ(work(1), "absent");  // nothing is shared
}

TEST_F(PairTest, OneThatIsNoPairIsToldNothing) {
  options[1].peers.pair = false;
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kKeyframe));
  pass(2 * kMinute);
  EXPECT_EQ(work(1), "absent");
  EXPECT_NE(engines[0]->peer_warning().find("it has not set pair: true"), std::string::npos);
}

TEST_F(PairTest, ANewOneShowsNothingBeforeItKnowsWhatTheOtherKnows) {
  start(0);
  pass(3'000);
  FramePublisher publisher(clock, "svc");
  const auto id = publisher.counter("work_total");
  const double bounds[] = {1, 2};
  const auto took = publisher.series(
      publisher.family({.name = "took", .type = wire::Type::kHistogram, .bounds = bounds}));
  publisher.set(id, 5).set_histogram(took, {1, 0, 2}, 7.5);
  hear(0, publisher, publisher.make(wire::Kind::kKeyframe));
  hear(0, publisher, publisher.set(id, 6).make(wire::Kind::kGoodbye));
  EXPECT_EQ(work(0), "6");
  start(1);
  EXPECT_EQ(work(1), "not ready");
  pass(1'000);
  EXPECT_EQ(work(1), "6");
  EXPECT_EQ(value(1, "took_sum{service_name=\"svc\"}"), "7.5");
  EXPECT_EQ(value(1, "took_bucket{service_name=\"svc\",le=\"2.0\"}"), "1");
  EXPECT_EQ(value(1, "took_count{service_name=\"svc\"}"), "3");
  // Its end was counted once, where it was heard, and is known here as well.
  EXPECT_EQ(value(1, "weir_service_starts_total{service_name=\"svc\",weir_node=\"node-1\"}"), "1");
  EXPECT_EQ(value(1, "weir_service_clean_exits_total{service_name=\"svc\",weir_node=\"node-1\"}"),
            "1");
}

TEST_F(PairTest, ANewOneWaitsForTheLivingToo) {
  start(0);
  pass(3'000);
  FramePublisher publisher(clock, "svc");
  const auto id = publisher.counter("work_total");
  hear(0, publisher, publisher.set(id, 5).make(wire::Kind::kKeyframe));
  start(1);
  pass(1'000);
  EXPECT_EQ(work(1), "not ready");
  hear_both(publisher, wire::Kind::kKeyframe);
  turn();
  EXPECT_EQ(work(1), "5");
  EXPECT_EQ(value(1, "weir_service_starts_total{service_name=\"svc\",weir_node=\"node-1\"}"), "1");
  EXPECT_EQ(value(1, "weir_service_instances{service_name=\"svc\",weir_node=\"node-1\"}"), "1");
}

TEST_F(PairTest, AloneItWaitsOnlyForAMoment) {
  start(0);
  EXPECT_EQ(work(0), "not ready");
  pass(2'000);
  EXPECT_EQ(work(0), "absent");
}

TEST_F(PairTest, WhoDoesNotAnswerIsNotWaitedForWithoutEnd) {
  start(0);
  pass(3'000);
  lose = [](const Message& message) { return kind_of(message) == PeerKind::kDone; };
  start(1);
  pass(9'000);
  EXPECT_EQ(work(1), "not ready");
  pass(1'200);
  EXPECT_EQ(work(1), "absent");
}

TEST_F(PairTest, WhatOneMissedItIsToldLater) {
  start_both();
  FramePublisher publisher(clock, "svc");
  const auto id = publisher.counter("work_total");
  hear_both(publisher.set(id, 5), wire::Kind::kKeyframe);
  hear(0, publisher, publisher.set(id, 9).make(wire::Kind::kGoodbye));
  EXPECT_EQ(work(0), "9");
  EXPECT_EQ(work(1), "5");
  pass(kMinute + 1'000);
  EXPECT_EQ(work(1), "9");
  for (int side : {0, 1}) {
    EXPECT_EQ(
        value(side, "weir_service_clean_exits_total{service_name=\"svc\",weir_node=\"node-1\"}"),
        "1");
    EXPECT_EQ(value(side, "weir_service_starts_total{service_name=\"svc\",weir_node=\"node-1\"}"),
              "1");
  }
}

TEST_F(PairTest, LostMessagesAreAskedForAgain) {
  int lost = 0;
  lose = [&](const Message& message) {
    return kind_of(message) == PeerKind::kStatements && lost++ < 3;
  };
  start(0);
  pass(3'000);
  FramePublisher publisher(clock, "svc");
  const auto id = publisher.counter("work_total");
  hear(0, publisher, publisher.set(id, 9).make(wire::Kind::kGoodbye));
  start(1);
  pass(9'900);
  EXPECT_GE(lost, 3);
  EXPECT_EQ(work(1), "9");
}

TEST_F(PairTest, ALargeRegistryComesInMessagesThatNatsCarries) {
  start(0);
  pass(3'000);
  FramePublisher publisher(clock, "svc");
  const auto family = publisher.family({.name = "work_total", .label_names = {"path"}});
  for (int i = 0; i < 30'000; ++i) {
    publisher.set(publisher.series(family, {std::string(80, 'x') + std::to_string(i)}), 1);
  }
  hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  std::size_t messages = 0;
  lose = [&](const Message& message) {
    EXPECT_LT(message.bytes.size(), 1u << 20);
    messages += kind_of(message) == PeerKind::kStatements ? 1 : 0;
    return false;
  };
  start(1);
  pass(2'000);
  EXPECT_GT(messages, 5U);
  EXPECT_EQ(engines[1]->publishers().at(0).series, 30'000U);
}

TEST_F(PairTest, AFrameThatIsOlderThanWhatWasToldTakesNothingBack) {
  start_both();
  FramePublisher publisher(clock, "svc");
  const double bounds[] = {1, 2};
  const auto id = publisher.counter("work_total");
  const auto took = publisher.series(
      publisher.family({.name = "took", .type = wire::Type::kHistogram, .bounds = bounds}));
  hear_both(publisher.set(id, 1).set_histogram(took, {1, 0, 0}, 1), wire::Kind::kKeyframe);
  const auto late = publisher.set(id, 2).set_histogram(took, {3, 0, 0}, 3).make(wire::Kind::kDelta);
  const auto last = publisher.set(id, 4).set_histogram(took, {3, 2, 0}, 6).make(wire::Kind::kDelta);
  hear(0, publisher, late);
  hear(0, publisher, last);
  pass(kMinute + 1'000);  // told, before the frames come
  EXPECT_EQ(work(1), "4");
  hear(1, publisher, late);
  EXPECT_EQ(work(1), "4");
  EXPECT_EQ(value(1, "took_sum{service_name=\"svc\"}"), "6");
  EXPECT_EQ(value(1, "took_count{service_name=\"svc\"}"), "5");
  EXPECT_EQ(value(1, "weir_sidecar_samples_refused_total{reason=\"regressed\"}"), "0");
  hear(1, publisher, last);
  EXPECT_EQ(value(1, "took_sum{service_name=\"svc\"}"), "6");
}

TEST_F(PairTest, HolesOnEitherSideAreFilledFromTheOther) {
  start_both();
  FramePublisher publisher(clock, "svc", 77);
  const double bounds[] = {1, 2};
  const auto took = publisher.series(
      publisher.family({.name = "took", .type = wire::Type::kHistogram, .bounds = bounds}));
  hear_both(publisher.set_histogram(took, {1, 0, 0}, 1), wire::Kind::kKeyframe);
  hear(0, publisher, publisher.set_histogram(took, {4, 0, 0}, 4).make(wire::Kind::kDelta));
  // A delta names only the bucket that changed.
  wire::Frame frame;
  frame.instance = publisher.id;
  frame.seq = ++publisher.seq;
  const std::uint32_t ids[] = {took};
  const double sums[] = {6};
  const std::uint16_t changed[] = {1}, indexes[] = {1};
  const std::uint64_t totals[] = {1};
  frame.histogram_ids = ids;
  frame.histogram_sums = sums;
  frame.histogram_changed = changed;
  frame.bucket_indexes = indexes;
  frame.bucket_totals = totals;
  wire::Encoder encoder;
  const auto bytes = encoder.encode(frame);
  hear(1, publisher, {bytes.begin(), bytes.end()});
  dead[77] = true;  // no keyframe will come
  pass(3 * kMinute);
  for (int side : {0, 1}) {
    EXPECT_EQ(value(side, "took_count{service_name=\"svc\"}"), "5");
    EXPECT_EQ(value(side, "took_sum{service_name=\"svc\"}"), "6");
  }
}

TEST_F(PairTest, OneThatLostItsStateShowsNoLessThanBefore) {
  start_both();
  FramePublisher ended(clock, "svc"), living(clock, "svc");
  ended.set(ended.counter("work_total"), 5);
  living.set(living.counter("work_total"), 7);
  hear_both(ended, wire::Kind::kKeyframe);
  hear_both(ended, wire::Kind::kGoodbye);
  hear_both(living, wire::Kind::kKeyframe);
  EXPECT_EQ(work(1), "12");
  kill(1);
  lose_state(1);
  start(1);
  pass(1'000);
  hear_both(living, wire::Kind::kKeyframe);
  turn();
  EXPECT_EQ(work(1), "12");
}

TEST_F(PairTest, OneWithAnOldStateCatchesUp) {
  start_both();
  FramePublisher first(clock, "svc"), second(clock, "svc");
  first.set(first.counter("work_total"), 5);
  second.set(second.counter("work_total"), 7);
  hear_both(first, wire::Kind::kKeyframe);
  EXPECT_EQ(work(1), "5");
  kill(1);
  hear(0, first, first.set(0, 6).make(wire::Kind::kGoodbye));
  hear(0, second, second.make(wire::Kind::kGoodbye));
  pass(kMinute);
  start(1);
  pass(kMinute);
  EXPECT_EQ(work(1), "13");
  EXPECT_EQ(work(0), "13");
}

TEST_F(PairTest, WhatWasToldAndShownIsThereAfterADeath) {
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  pass(kMinute + 1'000);
  EXPECT_EQ(work(1), "5");
  kill(0);
  kill(1);
  start(1);
  pass(11'000);
  EXPECT_EQ(work(1), "5");
}

// ---- Retired totals

TEST_F(PairTest, WithoutFilesOneStillTellsTheOther) {
  with_storage = false;
  options[0].life.forget_after_ms = kMinute;  // so long it waits for one that it never heard
  start(0);
  pass(3'000);
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  pass(11 * kMinute, 1'000);
  EXPECT_EQ(known(0), 0U);
  start(1);
  pass(3'000);
  EXPECT_EQ(work(1), "5");
}

// Or each would retire what it had heard of them, and neither would ever know better.
TEST_F(PairTest, TwoThatHaveNotMetYetRetireNothingAlone) {
  lose = [](const Message&) { return true; };
  start_both();
  FramePublisher publisher(clock, "svc", 77);
  const auto id = publisher.counter("work_total");
  hear_both(publisher.set(id, 5), wire::Kind::kKeyframe);
  hear(0, publisher, publisher.set(id, 9).make(wire::Kind::kGoodbye));
  dead[77] = true;  // the other one hears of its end alone
  pass(2 * kHour, 5'000);
  EXPECT_EQ(work(0), "9");
  EXPECT_EQ(work(1), "5");
  EXPECT_EQ(known(0), 1U);
  EXPECT_EQ(known(1), 1U);
  lose = {};
  pass(5 * kMinute, 1'000);
  EXPECT_EQ(work(0), "9");
  EXPECT_EQ(work(1), "9");
  EXPECT_EQ(known(0), 0U);  // agreed
  EXPECT_EQ(known(1), 0U);
}

TEST_F(PairTest, WhoNeverHearsAnotherWaitsNoLongerThanForgetAfter) {
  for (int side : {0, 1}) {
    options[side].life.forget_after_ms = kHour;
  }
  start(0);
  pass(3'000);
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  pass(59 * kMinute, 5'000);
  EXPECT_EQ(known(0), 1U);
  pass(2 * kMinute, 5'000);
  EXPECT_EQ(known(0), 0U);
  EXPECT_EQ(work(0), "5");
}

}  // namespace
}  // namespace weir::sidecar
