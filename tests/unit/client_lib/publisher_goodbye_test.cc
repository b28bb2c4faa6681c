// How a publisher ends: its last totals arrive, or it says how many did not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/unit/client_lib/publisher_fixture.h"

namespace weir {
namespace {

using ::testing::HasSubstr;

class PublisherGoodbyeTest : public PublisherFixture {};

TEST_F(PublisherGoodbyeTest, AGoodbyeEndsWithItsAcknowledgement) {
  run(100);
  counter.inc(2);
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_EQ(core.status().state, PublisherState::kStopped);
  EXPECT_EQ(frames(wire::Kind::kGoodbye), 1u);
  EXPECT_EQ(value("x_total{}"), 2);
}

TEST_F(PublisherGoodbyeTest, ALostAcknowledgementIsAskedForAgain) {
  run(100);
  transport.answers = false;
  core.begin_goodbye(now);
  run(50);
  EXPECT_EQ(frames(wire::Kind::kGoodbye), 1u);
  transport.answers = true;
  run(1000);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_EQ(frames(wire::Kind::kGoodbye), 2u);
}

TEST_F(PublisherGoodbyeTest, AGoodbyeThatIsNeverAnsweredEndsInTime) {
  run(100);
  transport.answers = false;
  const std::int64_t began = now.steady_ms;
  core.begin_goodbye(now);
  transport.stranger("+OK");                        // JetStream answers first
  transport.control(wire::Kind::kAck, {9, 1}, 1);   // an older frame's
  transport.control(wire::Kind::kAck, {9, 77}, 2);  // another instance's
  run(10'000);
  EXPECT_TRUE(core.finished());
  EXPECT_FALSE(core.status().goodbye_acknowledged);
  EXPECT_LE(now.steady_ms - began, 520);
  EXPECT_THAT(core.status().reason, HasSubstr("did not acknowledge"));
}

TEST_F(PublisherGoodbyeTest, TotalsThatMovedSinceAreSaidInAnotherGoodbye) {
  run(100);
  transport.answers = false;
  core.begin_goodbye(now);
  core.on_tick(now);
  const std::uint64_t first = transport.receiver.seen.back().seq;
  counter.inc(5);
  transport.answers = true;
  transport.control(wire::Kind::kAck, {9, 1}, first);
  run(1000);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_EQ(frames(wire::Kind::kGoodbye), 2u);
  EXPECT_EQ(value("x_total{}"), 5);
}

TEST_F(PublisherGoodbyeTest, AnOlderGoodbyesAcknowledgementDoesNotEndANewerOne) {
  run(100);
  transport.answers = false;
  core.begin_goodbye(now);
  core.on_tick(now);
  const std::uint64_t first = transport.receiver.seen.back().seq;
  counter.inc(5);
  run(200);  // said again, with other totals
  ASSERT_EQ(frames(wire::Kind::kGoodbye), 2u);
  transport.control(wire::Kind::kAck, {9, 1}, first);
  run(20);
  EXPECT_FALSE(core.finished());
  transport.control(wire::Kind::kAck, {9, 1}, transport.receiver.seen.back().seq);
  run(20);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
}

TEST_F(PublisherGoodbyeTest, WithoutASidecarAGoodbyeEndsAtOnce) {
  transport.nobody_there = true;
  run(100);
  const std::int64_t began = now.steady_ms;
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_LE(now.steady_ms - began, 20);
  EXPECT_FALSE(core.status().goodbye_acknowledged);
}

TEST_F(PublisherGoodbyeTest, WithoutAConnectionAGoodbyeEndsAtOnce) {
  transport.link_state = Transport::Link::kDown;
  run(100);
  const std::int64_t began = now.steady_ms;
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_LE(now.steady_ms - began, 20);
}

TEST_F(PublisherGoodbyeTest, AShortLifeSaysGoodbyeAsItsFirstFrame) {
  counter.inc(3);
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  ASSERT_EQ(transport.receiver.seen.size(), 1u);
  EXPECT_EQ(value("x_total{}"), 3);
}

TEST_F(PublisherGoodbyeTest, ABlipDuringTheGoodbyeIsWaitedFor) {
  run(100);
  transport.link_state = Transport::Link::kDown;
  counter.inc(1);
  core.begin_goodbye(now);
  run(200);
  EXPECT_FALSE(core.finished());
  transport.link_state = Transport::Link::kConnected;
  ++transport.connection;
  run(200);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_EQ(value("x_total{}"), 1);
}

TEST_F(PublisherGoodbyeTest, TheStatusSaysWhetherItIsOnDisk) {
  run(100);
  counter.inc(2);
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_TRUE(core.status().goodbye_durable);
  EXPECT_EQ(core.status().undelivered_increments, 0u);
  EXPECT_THAT(core.status().reason, HasSubstr("on disk"));
}

TEST_F(PublisherGoodbyeTest, AnAnswerThatIsNotDurableEndsItToo) {
  transport.durable = false;
  run(100);
  counter.inc(2);
  const std::int64_t began = now.steady_ms;
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_LE(now.steady_ms - began, 20);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_FALSE(core.status().goodbye_durable);
  EXPECT_EQ(core.status().undelivered_increments, 0u);
  EXPECT_THAT(core.status().reason, HasSubstr("in memory"));
}

TEST_F(PublisherGoodbyeTest, ADurableAnswerToAnOlderGoodbyeIsNotThatOfTheLast) {
  run(100);
  transport.answers = false;
  core.begin_goodbye(now);
  core.on_tick(now);
  transport.control(wire::Kind::kAck, {9, 1}, transport.receiver.seen.back().seq);  // durable
  counter.inc();
  run(20);  // said again
  ASSERT_EQ(frames(wire::Kind::kGoodbye), 2u);
  transport.durable = false;
  transport.control(wire::Kind::kAck, {9, 1}, transport.receiver.seen.back().seq);
  run(20);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_FALSE(core.status().goodbye_durable);
}

TEST_F(PublisherGoodbyeTest, WhatWasNotDeliveredIsSaidExactly) {
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1, 2}});
  CounterFamily family =
      *registry.counter_family({.name = "y_total", .help = "h", .labels = {"a"}});
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  ExternalCounter external = *registry.external_counter({.name = "e_total", .help = "h"});
  counter.inc(100);
  histogram.observe(1);
  run(100);  // acknowledged
  transport.answers = false;
  counter.inc(3);
  histogram.observe(5);
  histogram.observe(5);
  family.with("new").inc(10);
  family.remove("new");  // hidden, but counted
  gauge.set(1000);
  external.set(1000);
  core.begin_goodbye(now);
  core.on_tick(now);
  counter.inc(7);  // after the goodbye, and never said
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_EQ(core.status().undelivered_increments, 3u + 2 + 10 + 7);
  EXPECT_THAT(core.status().reason, HasSubstr("22 increments"));
}

TEST_F(PublisherGoodbyeTest, WithoutAConnectionNothingOfItWasDelivered) {
  transport.link_state = Transport::Link::kDown;
  counter.inc(5);
  core.begin_goodbye(now);
  run(100);
  EXPECT_TRUE(core.finished());
  EXPECT_EQ(core.status().undelivered_increments, 5u);
}

TEST_F(PublisherGoodbyeTest, WhatStaysInACellsFileIsSaid) {
  Registry with_file({.cells_dir = ::testing::TempDir()});
  Counter kept = *with_file.counter({.name = "x_total", .help = "h"});
  transport.link_state = Transport::Link::kDown;
  PublisherCore one{with_file.core(), settings(), transport, [] { return wire::InstanceId{7, 7}; }};
  kept.inc(5);
  one.begin_goodbye(now);
  run(one, 100);
  ASSERT_NE(with_file.cells().file, "") << with_file.cells().note;
  EXPECT_THAT(one.status().reason, HasSubstr("stay in " + with_file.cells().file));
  EXPECT_EQ(std::remove(with_file.cells().file.c_str()), 0);
}

TEST_F(PublisherGoodbyeTest, ASplitGoodbyeIsAnsweredByItsLastPart) {
  transport.payload_bytes = 8192;
  CounterFamily family =
      *registry.counter_family({.name = "y_total", .help = "h", .labels = {"a"}});
  for (int i = 0; i < 500; ++i) {
    family.with(std::to_string(i)).inc();
  }
  run(100);
  core.begin_goodbye(now);
  run(1000);
  EXPECT_GT(transport.receiver.seen.back().parts, 1);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  EXPECT_EQ(core.status().undelivered_increments, 0u);
}

}  // namespace
}  // namespace weir
