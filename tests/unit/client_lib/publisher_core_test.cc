// The publisher's side of the protocol, against a bus that the test controls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client_lib/publisher_fixture.h"

namespace weir {
namespace {

using ::testing::HasSubstr;

class PublisherCoreTest : public PublisherFixture {};

TEST_F(PublisherCoreTest, BeginsWithAKeyframeAsARequest) {
  counter.inc(3);
  run(100);
  ASSERT_EQ(transport.receiver.seen.size(), 1u);
  EXPECT_EQ(transport.receiver.seen[0].kind, wire::Kind::kKeyframe);
  EXPECT_TRUE(transport.receiver.seen[0].answer_wanted);
  EXPECT_EQ(transport.last_subject,
            wire::Subjects{}.publish("web-1", "shop", wire::InstanceId{9, 1}));
  EXPECT_EQ(core.status().state, PublisherState::kPublishing);
  EXPECT_EQ(value("x_total{}"), 3);
}

TEST_F(PublisherCoreTest, SendsDeltasAtTheIntervalAndHeartbeatsWhenIdle) {
  run(100);
  for (int i = 0; i < 10; ++i) {
    counter.inc();
    run(1000);
  }
  const std::size_t busy = frames(wire::Kind::kDelta);
  EXPECT_GE(busy, 9u);
  EXPECT_LE(busy, 11u);
  EXPECT_EQ(value("x_total{}"), 10);
  run(60'000);
  const std::size_t idle = frames(wire::Kind::kDelta) - busy;
  EXPECT_GE(idle, 11u);  // one each 5 s
  EXPECT_LE(idle, 13u);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 1u);
}

TEST_F(PublisherCoreTest, FlushDoesNotWaitForTheInterval) {
  run(100);
  counter.inc();
  core.flush_at_next_tick();
  core.on_tick(now);
  EXPECT_EQ(value("x_total{}"), 1);
}

TEST_F(PublisherCoreTest, SendsNothingWhileDisconnectedAndAKeyframeAfter) {
  run(100);
  transport.link_state = Transport::Link::kDown;
  counter.inc(7);
  run(30'000);
  EXPECT_EQ(transport.receiver.seen.size(), 1u);
  EXPECT_EQ(core.status().state, PublisherState::kConnecting);
  EXPECT_THAT(core.status().reason, HasSubstr("refused"));
  transport.link_state = Transport::Link::kConnected;
  ++transport.connection;
  run(200);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
  EXPECT_EQ(value("x_total{}"), 7);
  EXPECT_EQ(core.status().reconnects, 1u);
}

TEST_F(PublisherCoreTest, AReconnectBetweenTwoTicksIsNoticed) {
  run(100);
  ++transport.connection;
  run(1100);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, SaysWhenNobodyServesTheNodeAndTriesAgain) {
  transport.nobody_there = true;
  counter.inc(4);
  run(100);
  EXPECT_EQ(core.status().state, PublisherState::kNoSidecar);
  EXPECT_THAT(core.status().reason, HasSubstr("no sidecar serves node web-1"));
  run(15'000);
  EXPECT_GE(transport.receiver.seen.size(), 3u);  // each 5 s
  EXPECT_LE(transport.receiver.seen.size(), 5u);
  EXPECT_EQ(frames(wire::Kind::kDelta), 0u);
  transport.nobody_there = false;
  run(6000);
  EXPECT_EQ(core.status().state, PublisherState::kPublishing);
}

TEST_F(PublisherCoreTest, ASidecarThatStartsIsAnsweredAtOnce) {
  transport.nobody_there = true;
  run(100);
  transport.nobody_there = false;
  transport.control(wire::Kind::kKeyframeWanted, {77, 77});  // to all publishers of the node
  run(1100);
  EXPECT_EQ(core.status().state, PublisherState::kPublishing);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, NoticesThatTheSidecarIsGone) {
  run(100);
  transport.nobody_there = true;
  run(11'000);
  EXPECT_EQ(core.status().state, PublisherState::kNoSidecar);
}

TEST_F(PublisherCoreTest, AKeyframeIsSentWhenAsked) {
  run(100);
  transport.control(wire::Kind::kKeyframeWanted, {9, 1});
  run(1100);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
  run(10'000);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, AnUnansweredKeyframeIsSaidAgainWithBackOff) {
  transport.answers = false;
  run(600'000);
  EXPECT_GE(frames(wire::Kind::kKeyframe), 8u);
  EXPECT_LE(frames(wire::Kind::kKeyframe), 16u);
  EXPECT_EQ(core.status().state, PublisherState::kConnecting);
  EXPECT_THAT(core.status().reason, HasSubstr("waiting for a sidecar"));
}

TEST_F(PublisherCoreTest, WhatCouldNotBeSentIsHealedByAKeyframe) {
  run(100);
  transport.fail_publish = true;
  counter.inc(2);
  run(1500);
  transport.fail_publish = false;
  run(2500);
  EXPECT_EQ(value("x_total{}"), 2);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, ARebaseMakesANewInstanceThatCountsOn) {
  counter.inc(10);
  run(100);
  counter.inc(5);
  transport.control(wire::Kind::kRebase, {9, 99});  // somebody else's
  transport.control(wire::Kind::kRebase, {9, 1});
  run(1100);
  EXPECT_EQ(transport.listening_as, (wire::InstanceId{9, 2}));
  EXPECT_EQ(transport.receiver.seen.back().instance, (wire::InstanceId{9, 2}));
  EXPECT_EQ(value("x_total{}"), 5);
  EXPECT_EQ(core.status().state, PublisherState::kPublishing);
}

TEST_F(PublisherCoreTest, StrangersMessagesMeanNothing) {
  run(100);
  transport.stranger("{\"stream\":\"S\",\"seq\":1}");
  transport.stranger("x");
  run(5000);
  EXPECT_EQ(core.status().state, PublisherState::kPublishing);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 1u);
}

TEST_F(PublisherCoreTest, MovesToTheNodeOfTheSidecar) {
  transport.nobody_there = true;
  counter.inc(3);
  run(100);
  transport.nobody_there = false;
  core.move_to_node("other", now);
  run(100);
  EXPECT_EQ(transport.receiver.node, "other");
  EXPECT_EQ(core.status().node, "other");
  EXPECT_EQ(value("x_total{}"), 3);  // nobody had heard it under the first name
}

TEST_F(PublisherCoreTest, AKeyframeForManyIsSentAtARandomMoment) {
  run(100);
  chance = 3000;  // of 0 .. 10,000
  transport.control(wire::Kind::kKeyframeWanted, {77, 77}, 0, 10'000);
  core.on_tick(now);
  const Instant asked = now;
  const auto at = [&](std::int64_t ms) {
    now = {asked.steady_ms + ms, asked.unix_ms + ms};
    core.on_tick(now);
    return frames(wire::Kind::kKeyframe);
  };
  EXPECT_EQ(at(2999), 1u);
  EXPECT_EQ(core.next_tick_ms(now), asked.steady_ms + 3000);
  EXPECT_EQ(at(3000), 2u);
  run(60'000);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, DeltasGoOnWhileAKeyframeWaitsForItsMoment) {
  run(100);
  chance = 9999;
  transport.control(wire::Kind::kKeyframeWanted, {77, 77}, 0, 9999);
  run(1100);
  counter.inc(4);
  run(1100);
  EXPECT_EQ(value("x_total{}"), 4);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 1u);
}

TEST_F(PublisherCoreTest, AnAnswerToAnEarlierKeyframeDoesNotCallOffTheWantedOne) {
  transport.answers = false;
  run(100);
  chance = 2000;
  transport.control(wire::Kind::kKeyframeWanted, {77, 77}, 0, 5000);
  transport.control(wire::Kind::kAck, {9, 1}, transport.receiver.seen.back().seq);
  run(3500);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, WhoAsksAtOnceIsAnsweredBeforeWhoLeavesTime) {
  run(100);
  chance = 30'000;
  transport.control(wire::Kind::kKeyframeWanted, {77, 77}, 0, 60'000);
  transport.control(wire::Kind::kKeyframeWanted, {9, 1});
  run(1100);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
  run(60'000);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u) << "one answers both";
}

TEST_F(PublisherCoreTest, ASpreadIsNoReasonToStaySilent) {
  run(100);
  chance = 60'000;
  transport.control(wire::Kind::kKeyframeWanted, {77, 77}, 0, 4'000'000'000u);
  run(62'000);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
}

TEST_F(PublisherCoreTest, AfterAReconnectTheKeyframeWaitsALittleAndNothingOvertakesIt) {
  chance = 700;
  run(10);  // the first connection waits for nobody
  ASSERT_EQ(frames(wire::Kind::kKeyframe), 1u);
  transport.link_state = Transport::Link::kDown;
  counter.inc(7);
  run(5000);
  transport.link_state = Transport::Link::kConnected;
  ++transport.connection;
  core.flush_at_next_tick();
  run(600);
  EXPECT_EQ(transport.receiver.seen.size(), 1u);
  run(200);
  ASSERT_EQ(transport.receiver.seen.size(), 2u);
  EXPECT_EQ(frames(wire::Kind::kKeyframe), 2u);
  EXPECT_EQ(value("x_total{}"), 7);
}

TEST_F(PublisherCoreTest, AGoodbyeWaitsForNoMoment) {
  run(100);
  chance = 900;
  ++transport.connection;
  counter.inc(2);
  core.begin_goodbye(now);
  run(50);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_EQ(value("x_total{}"), 2);
}

}  // namespace
}  // namespace weir
