// What is refused, and what a hole in the sequence leads to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

struct IngestTest : testing::Test, CoreFixture {
  IngestTest() { options.zero_first = false; }
  FramePublisher shop{*this, "shop", 1};
  std::uint32_t orders = shop.counter("orders_total");
  static constexpr const char* kOrders = "orders_total{service_name=\"shop\"}";
};

TEST_F(IngestTest, ADeltaOfAStrangerIsDroppedAndAKeyframeAsked) {
  shop.set(orders, 1).delta();
  EXPECT_EQ(value(kOrders), "absent");
  ASSERT_THAT(control.sent, SizeIs(1));
  EXPECT_EQ(control.sent[0].kind, wire::Kind::kKeyframeWanted);
  EXPECT_EQ(control.sent[0].subject, "weir.v1.ctl.node-1." + shop.id.to_string());
  shop.keyframe();
  EXPECT_EQ(value(kOrders), "1");
}

TEST_F(IngestTest, AKeyframeIsAskedAgainUntilOneArrivesThatIsNewerThanTheHole) {
  shop.keyframe();
  shop.make(wire::Kind::kDelta);                        // lost: seq 2
  const auto stale = shop.make(wire::Kind::kKeyframe);  // seq 3, late
  shop.set(orders, 1).delta();                          // seq 4: a hole is seen
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u);
  shop.deliver(stale);
  for (int i = 0; i < 20; ++i) {
    pass(500);
    shop.delta();
  }
  EXPECT_GE(control.count(wire::Kind::kKeyframeWanted), 4u) << "one lost request must not lose it";
  EXPECT_LE(control.count(wire::Kind::kKeyframeWanted), 8u) << "ever more seldom";
  const std::size_t asked = control.count(wire::Kind::kKeyframeWanted);
  shop.keyframe();
  for (int i = 0; i < 20; ++i) {
    pass(500);
    shop.delta();
  }
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), asked);
}

TEST_F(IngestTest, KeyframeRequestsOfManyAreLimitedPerSecond) {
  options.ingest.keyframe_requests.per_second_max = 10;
  options.ingest.keyframe_requests.burst_max = 10;
  std::vector<FramePublisher> fleet;
  for (std::uint32_t i = 0; i < 100; ++i) {
    fleet.emplace_back(*this, "fleet", 1000 + i);
  }
  for (FramePublisher& publisher : fleet) {
    publisher.delta();
  }
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 10u);
  pass(1000);
  EXPECT_LE(control.count(wire::Kind::kKeyframeWanted), 20u);
  EXPECT_GE(control.count(wire::Kind::kKeyframeWanted), 19u);
}

TEST_F(IngestTest, AKeyframeThatWasARequestIsAnsweredByName) {
  shop.deliver(shop.make(wire::Kind::kKeyframe), "_INBOX.x");
  ASSERT_THAT(control.sent, SizeIs(1));
  EXPECT_EQ(control.sent[0].subject, "_INBOX.x");
  EXPECT_EQ(control.sent[0].kind, wire::Kind::kAck);
  EXPECT_EQ(control.sent[0].instance, shop.id);
  EXPECT_EQ(control.sent[0].seq, 1u);
}

TEST_F(IngestTest, AFrameOnSomebodyElsesSubjectIsRefusedAndNamed) {
  FramePublisher thief(*this, "thief");
  engine().receive(shop.subject(), "", thief.make(wire::Kind::kKeyframe));
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"bad_identity\"}"), "1");
  ASSERT_THAT(engine().refusals(), SizeIs(1));
  EXPECT_EQ(engine().refusals()[0].subject, shop.subject());
  EXPECT_THAT(engine().refusals()[0].detail, HasSubstr("another one's subject"));
}

TEST_F(IngestTest, AnInstanceCannotMoveToAnotherService) {
  shop.set(orders, 2).keyframe();
  FramePublisher forged(*this, "billing");
  forged.id = shop.id;
  forged.seq = 100;
  forged.set(forged.counter("orders_total"), 1'000'000).keyframe();
  EXPECT_EQ(value(kOrders), "2");
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"bad_identity\"}"), "1");
}

TEST_F(IngestTest, GarbageIsCountedAndOthersGoOn) {
  shop.set(orders, 2).keyframe();
  const std::vector<std::uint8_t> garbage{'h', 'e', 'l', 'l', 'o'};
  engine().receive(shop.subject(), "", garbage);
  engine().receive("weir.v1.pub.nonsense", "", garbage);
  shop.set(orders, 3).delta();
  EXPECT_EQ(value(kOrders), "3");
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"foreign\"}"), "2");
  EXPECT_THAT(engine().publishers().at(0).last_refusal, HasSubstr("no Weir frame"));
}

TEST_F(IngestTest, NamesOfTheSidecarItselfAreRefused) {
  FramePublisher liar(*this, "liar");
  liar.set(liar.counter("weir_sidecar_samples_total"), 1'000'000).keyframe();
  EXPECT_THAT(engine().refusals().at(0).detail, HasSubstr("belongs to the sidecar"));
  EXPECT_EQ(value("weir_sidecar_samples_total{service_name=\"liar\"}"), "absent");
}

TEST_F(IngestTest, OfContradictingTypesTheNewestPublishersWins) {
  shop.set(orders, 5).keyframe();
  now += 1000;
  FramePublisher update(*this, "shop", 2);
  const auto gauge =
      update.series(update.family({.name = "orders_total", .type = wire::Type::kGauge}));
  update.set_gauge(gauge, 1).keyframe();
  EXPECT_EQ(value(kOrders), "1");
  FramePublisher third(*this, "third", 3);  // started now: newest, a counter again
  now += 1;
  FramePublisher old_style(*this, "old", 4);
  old_style.set(old_style.counter("orders_total"), 2).keyframe();
  EXPECT_EQ(value(kOrders), "5") << "the older counter was merged all the while";
  EXPECT_EQ(value("orders_total{service_name=\"old\"}"), "2");
}

TEST_F(IngestTest, ANewerDefinitionIsNeverRefusedByTheDead) {
  shop.set(orders, 5).keyframe();
  shop.goodbye();
  FramePublisher update(*this, "shop", 2);
  update
      .set_gauge(update.series(update.family({.name = "orders_total", .type = wire::Type::kGauge})),
                 1)
      .keyframe();
  EXPECT_EQ(value(kOrders), "1");
}

TEST_F(IngestTest, NamesThatWouldPrintTwiceAreRefused) {
  const std::vector<double> bounds{1};
  const auto wait =
      shop.series(shop.family({.name = "wait", .type = wire::Type::kHistogram, .bounds = bounds}));
  shop.set_histogram(wait, {1, 0}, 1).keyframe();
  FramePublisher other(*this, "other");
  other.set(other.counter("wait_count"), 7).keyframe();
  EXPECT_EQ(value("wait_count{service_name=\"other\"}"), "absent");
  EXPECT_THAT(engine().refusals().at(0).detail, HasSubstr("belongs to family wait"));
}

TEST_F(IngestTest, EveryFrameEndsInExactlyOneCounter) {
  std::mt19937 random(7);
  std::vector<std::vector<std::uint8_t>> frames;
  for (int i = 0; i < 500; ++i) {
    const auto kind = i % 17 == 0 ? wire::Kind::kKeyframe : wire::Kind::kDelta;
    frames.push_back(shop.set(orders, static_cast<std::uint64_t>(i)).make(kind));
    if (i % 5 == 0) {
      frames.back()[random() % frames.back().size()] ^= 0x55;
    }
    if (i % 7 == 0) {
      frames.push_back(frames.back());
    }
  }
  for (const auto& frame : frames) {
    shop.deliver(frame);
  }
  const StatusReport status = engine().status();
  EXPECT_EQ(status.frames_applied + status.frames_duplicate + status.frames_refused, frames.size());
}

// ---- Keyframes in parts

struct Parts {
  explicit Parts(IngestTest& test) : core(test) {}
  std::vector<std::uint8_t> part(std::uint16_t index, std::uint16_t count, std::uint32_t id,
                                 std::uint64_t total) {
    wire::Frame frame;
    frame.kind = wire::Kind::kKeyframe;
    frame.instance = core.shop.id;
    frame.seq = ++core.shop.seq;
    frame.part = index;
    frame.parts = count;
    frame.has_identity = true;
    frame.identity.node = "node-1";
    frame.identity.service = "shop";
    frame.families = {{.id = id, .name = names[id]}};
    const std::vector<std::uint32_t> ids{id};
    const std::vector<std::int64_t> starts{0};
    const std::vector<std::uint64_t> totals{total};
    frame.series_ids = frame.series_families = frame.counter_ids = ids;
    frame.series_started_unix_ms = starts;
    frame.counter_totals = totals;
    const auto bytes = encoder.encode(frame);
    return {bytes.begin(), bytes.end()};
  }
  IngestTest& core;
  std::vector<std::string> names{"a_total", "b_total"};
  wire::Encoder encoder;
};

TEST_F(IngestTest, ASplitKeyframeIsAppliedOnlyWhenWhole) {
  Parts parts(*this);
  const auto first = parts.part(0, 2, 0, 5);
  const auto second = parts.part(1, 2, 1, 6);
  shop.deliver(first);
  EXPECT_EQ(value("a_total{service_name=\"shop\"}"), "absent");
  shop.deliver(second);
  EXPECT_EQ(value("a_total{service_name=\"shop\"}"), "5");
  EXPECT_EQ(value("b_total{service_name=\"shop\"}"), "6");
}

TEST_F(IngestTest, ASplitKeyframeWithALostPartChangesNothingAndIsAskedAgain) {
  Parts parts(*this);
  shop.deliver(parts.part(0, 2, 0, 5));
  parts.part(1, 2, 1, 6);  // lost
  const auto next_first = parts.part(0, 2, 0, 7);
  const auto next_second = parts.part(1, 2, 1, 8);
  shop.deliver(next_first);
  EXPECT_EQ(value("a_total{service_name=\"shop\"}"), "absent");
  EXPECT_EQ(value("weir_sidecar_frames_refused_total{reason=\"incomplete\"}"), "1");
  shop.deliver(next_second);
  EXPECT_EQ(value("a_total{service_name=\"shop\"}"), "7");
  EXPECT_EQ(value("b_total{service_name=\"shop\"}"), "8");
}

}  // namespace
}  // namespace weir::sidecar
