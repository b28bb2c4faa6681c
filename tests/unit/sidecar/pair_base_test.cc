// The retired totals in a pair: when an ended instance becomes one of them, and who takes whose.
#include <gtest/gtest.h>

#include "pair_fixture.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

class PairBaseTest : public ::testing::Test, public PairFixture {
 protected:
  // Who never heard another one retires alone after this.
  void retire_alone_soon() {
    for (int side : {0, 1}) {
      options[side].life.forget_after_ms = kMinute;
    }
  }
};

TEST_F(PairBaseTest, AnEndedOneIsRetiredOnlyWhenTheOtherHasTheSame) {
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  lose = [](const Message& message) { return kind_of(message) == PeerKind::kStatements; };
  pass(20 * kMinute, 1'000);
  EXPECT_EQ(known(0), 1U);  // late frames are over, but the other one does not have it
  EXPECT_EQ(known(1), 0U);
  lose = nullptr;
  pass(5 * kMinute, 1'000);
  EXPECT_EQ(known(0), 0U);
  EXPECT_EQ(known(1), 0U);
  EXPECT_EQ(work(0), "5");
  EXPECT_EQ(work(1), "5");
}

TEST_F(PairBaseTest, OneThatIsGoneForADayIsNotWaitedFor) {
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  kill(1);
  pass(12 * kHour, 10'000);
  EXPECT_EQ(known(0), 1U);
  // A life that has not heard of it knows that it was there.
  kill(0);
  start(0);
  pass(kHour, 10'000);
  EXPECT_EQ(known(0), 1U);
  pass(13 * kHour, 10'000);
  EXPECT_EQ(known(0), 0U);
  // It comes back, and takes over what is retired.
  start(1);
  pass(kMinute, 1'000);
  EXPECT_EQ(work(1), "5");
  EXPECT_EQ(known(1), 0U);
}

TEST_F(PairBaseTest, TheRetiredTotalsAreTakenOverExactly) {
  retire_alone_soon();
  start(0);
  pass(3'000);
  const double bounds[] = {1, 2};
  for (int i = 0; i < 20; ++i) {
    FramePublisher publisher(clock, "svc");
    publisher.set(publisher.counter("work_total"), 5);
    publisher.set_double(publisher.counter("spent_total"), 0.1);
    publisher.set_histogram(
        publisher.series(
            publisher.family({.name = "took", .type = wire::Type::kHistogram, .bounds = bounds})),
        {1, 2, 3}, 0.7);
    hear(0, publisher, publisher.make(wire::Kind::kGoodbye));
  }
  pass(11 * kMinute, 1'000);
  EXPECT_EQ(known(0), 0U);
  start(1);
  pass(2'000);
  for (int life = 0; life < 2; ++life) {
    for (const char* name : {"work_total", "spent_total", "took_sum", "took_count"}) {
      const std::string sample = std::string(name) + "{service_name=\"svc\"}";
      EXPECT_EQ(value(1, sample), value(0, sample));
      EXPECT_NE(value(1, sample), "absent");
    }
    kill(1);  // at once: what was taken over is in the journal
    start(1);
    pass(2'000);
  }
  pass(2 * kMinute);  // and by now in the checkpoint
  kill(1);
  start(1);
  pass(2'000);
  EXPECT_EQ(work(1), "100");
  EXPECT_EQ(engines[1]->status().recovery_notes.size(), 0U);
}

TEST_F(PairBaseTest, WhoHasRetiredMoreKeepsIt) {
  retire_alone_soon();
  start(0);
  pass(3'000);
  FramePublisher mine(clock, "svc"), theirs(clock, "svc");
  mine.set(mine.counter("work_total"), 5);
  theirs.set(theirs.counter("work_total"), 7);
  hear(0, mine, mine.make(wire::Kind::kGoodbye));
  pass(11 * kMinute, 1'000);  // alone: retired without asking
  EXPECT_EQ(known(0), 0U);
  kill(0);
  start(1);
  pass(3'000);
  hear(1, theirs, theirs.make(wire::Kind::kGoodbye));
  pass(11 * kMinute, 1'000);
  EXPECT_EQ(known(1), 0U);
  start(0);
  pass(5 * kMinute, 1'000);
  // Neither set holds the other: both keep what they have rather than lose it.
  EXPECT_EQ(work(0), "5");
  EXPECT_EQ(work(1), "7");
}

TEST_F(PairBaseTest, AnEndedOneIsDroppedForTheRetiredTotalsThatHoldIt) {
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear_both(publisher, wire::Kind::kGoodbye);
  pass(2 * kMinute, 1'000);
  kill(1);
  pass(30 * kHour, 10'000);
  EXPECT_EQ(known(0), 0U);
  start(1);
  pass(2'000);
  EXPECT_EQ(known(1), 0U);
  EXPECT_EQ(work(1), "5");
  hear(1, publisher, publisher.make(wire::Kind::kGoodbye));  // late
  EXPECT_EQ(work(1), "5");
}

TEST_F(PairBaseTest, RetiredTotalsThatAreLowerAreNotTaken) {
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.set(publisher.counter("work_total"), 5);
  hear_both(publisher, wire::Kind::kGoodbye);
  pass(2 * kMinute, 1'000);
  kill(1);
  pass(30 * kHour, 10'000);
  // Against the rules: it is heard once more, by the other one alone.
  start(1);
  hear(1, publisher, publisher.set(0, 6).make(wire::Kind::kGoodbye));
  EXPECT_EQ(work(1), "6");
  pass(2 * kMinute, 1'000);
  EXPECT_EQ(work(1), "6");
  EXPECT_EQ(known(1), 1U);
  EXPECT_NE(value(1, "weir_sidecar_peer_bases_refused_total"), "0");
  EXPECT_NE(engines[1]->status().peer_last_refusal.find("work_total"), std::string::npos);
}

}  // namespace
}  // namespace weir::sidecar
