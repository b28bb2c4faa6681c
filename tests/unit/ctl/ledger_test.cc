// The ledger's sums are those of the publisher, as of each frame, or it says that it does not know.
#include "ctl/ledger.h"

#include <gtest/gtest.h>

#include "tests/unit/ctl/frames.h"

namespace weir::ctl {
namespace {

class LedgerTest : public ::testing::Test {
 protected:
  void hear() {
    for (const Bytes& bytes : publisher.made) {
      ledgers.take(bytes);
    }
    publisher.made.clear();
  }
  [[nodiscard]] const InstanceLedger& ledger() const {
    return ledgers.by_instance().at(publisher.id());
  }
  [[nodiscard]] std::optional<FamilyTotals> at(std::uint64_t seq) const { return ledger().at(seq); }

  TestPublisher publisher{1};
  Counter counter = *publisher.registry.counter({.name = "x_total", .help = "h"});
  Ledgers ledgers;
};

TEST_F(LedgerTest, FollowsKeyframesAndDeltas) {
  Histogram histogram = *publisher.registry.histogram({.name = "h", .help = "h", .bounds = {1, 2}});
  counter.inc(5);
  histogram.observe(1);
  publisher.keyframe();
  counter.inc(2);
  publisher.delta();
  histogram.observe(7);
  histogram.observe(7);
  CounterFamily late =
      *publisher.registry.counter_family({.name = "y_total", .help = "h", .labels = {"a"}});
  late.with("1").inc(10);
  late.with("2").inc(20);
  publisher.delta();
  publisher.heartbeat();
  hear();
  EXPECT_EQ(at(1), (FamilyTotals{{"x_total", 5}, {"h", 1}}));
  EXPECT_EQ(at(2), (FamilyTotals{{"x_total", 7}, {"h", 1}}));
  EXPECT_EQ(at(3), (FamilyTotals{{"x_total", 7}, {"h", 3}, {"y_total", 30}}));
  EXPECT_EQ(at(4), at(3));
  EXPECT_EQ(at(5), std::nullopt);
  EXPECT_EQ(ledger().service(), "shop");
}

TEST_F(LedgerTest, OnlyOwnIntegersCount) {
  (*publisher.registry.external_counter({.name = "e_total", .help = "h"})).set(100);
  (*publisher.registry.double_counter({.name = "d_total", .help = "h"})).inc(100);
  (*publisher.registry.gauge({.name = "g", .help = "h"})).set(100);
  publisher.keyframe();
  hear();
  EXPECT_EQ(at(1)->count("e_total"), 0u);
  EXPECT_EQ(at(1)->count("g"), 0u);
  EXPECT_EQ(at(1)->at("d_total"), 0u);  // a counter, but of no integers
}

TEST_F(LedgerTest, KnowsNothingBeforeAKeyframeAndAfterAHole) {
  publisher.delta();
  hear();
  EXPECT_FALSE(ledger().is_known());
  publisher.keyframe();
  hear();
  EXPECT_TRUE(ledger().is_known());
  counter.inc(1);
  publisher.delta();
  publisher.made.clear();  // lost
  counter.inc(1);
  publisher.delta();
  hear();
  EXPECT_FALSE(ledger().is_known());
  EXPECT_EQ(at(publisher.seq()), std::nullopt);
  publisher.keyframe();
  hear();
  EXPECT_EQ(at(publisher.seq()), (FamilyTotals{{"x_total", 2}}));
}

TEST_F(LedgerTest, RepeatedAndOlderFramesAddNothing) {
  publisher.keyframe();
  counter.inc(3);
  publisher.delta();
  const std::deque<Bytes> both = publisher.made;
  hear();
  for (const Bytes& bytes : both) {
    ledgers.take(bytes);
  }
  EXPECT_EQ(at(2), (FamilyTotals{{"x_total", 3}}));
}

TEST_F(LedgerTest, ASplitKeyframeCountsWhenItIsWhole) {
  CounterFamily family =
      *publisher.registry.counter_family({.name = "y_total", .help = "h", .labels = {"a"}});
  publisher.keyframe();
  hear();
  for (int i = 0; i < 500; ++i) {
    family.with(std::to_string(i)).inc();
  }
  publisher.keyframe(wire::Kind::kGoodbye, 8192);
  const std::size_t parts = publisher.made.size();
  ASSERT_GT(parts, 1u);
  hear();
  EXPECT_EQ(at(1 + parts)->at("y_total"), 500u);
  EXPECT_EQ(at(parts)->at("y_total"), 0u) << "a sidecar has merged nothing of it by then";
}

TEST_F(LedgerTest, APartThatIsMissingIsAHole) {
  CounterFamily family =
      *publisher.registry.counter_family({.name = "y_total", .help = "h", .labels = {"a"}});
  for (int i = 0; i < 500; ++i) {
    family.with(std::to_string(i)).inc();
  }
  publisher.keyframe(wire::Kind::kKeyframe, 8192);
  publisher.made.erase(publisher.made.begin() + 1);
  hear();
  EXPECT_FALSE(ledger().is_known());
}

TEST_F(LedgerTest, ForeignBytesMeanNothing) {
  const Bytes garbage(100, 0x5a);
  ledgers.take(garbage);
  ledgers.take({});
  wire::Encoder encoder;
  wire::Frame ack;
  ack.kind = wire::Kind::kAck;
  ack.instance = {1, 2};
  ack.seq = 1;
  ledgers.take(encoder.encode(ack));
  EXPECT_TRUE(ledgers.by_instance().empty());
}

}  // namespace
}  // namespace weir::ctl
