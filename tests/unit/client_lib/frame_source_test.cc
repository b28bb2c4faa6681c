// Frames say what changed, keyframes say everything; through the codec and back.
#include "client_lib/src/frame_source.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/client_lib/receiver.h"
#include "weir/registry.h"

namespace weir {
namespace {

using Values = std::map<std::string, double>;
constexpr std::size_t kLarge = 1 << 20;
constexpr wire::InstanceId kInstance{1, 2};

class FrameSourceTest : public ::testing::Test, public FrameSink {
 protected:
  void frame(const wire::Frame&, std::span<const std::uint8_t> bytes) override {
    receiver.receive(bytes);
  }
  std::size_t delta(std::size_t bytes_max = kLarge) { return source.delta(0, bytes_max, *this); }
  FrameSource::Statement keyframe(std::size_t bytes_max = kLarge,
                                  wire::Kind kind = wire::Kind::kKeyframe) {
    return source.keyframe(kind, 0, bytes_max, *this);
  }

  Registry registry;
  FrameSource source{registry.core(), {.node = "n", .service = "s"}, kInstance};
  Receiver receiver;
};

TEST_F(FrameSourceTest, ADeltaCarriesWhatChanged) {
  Counter one = *registry.counter({.name = "one_total", .help = "h"});
  Counter two = *registry.counter({.name = "two_total", .help = "h"});
  EXPECT_EQ(delta(), 1u);  // definitions, with their zeroes
  EXPECT_EQ(receiver.visible(), (Values{{"one_total{}", 0}, {"two_total{}", 0}}));
  EXPECT_EQ(delta(), 0u);
  one.inc(5);
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.seen.back().samples, 1u);
  EXPECT_EQ(receiver.visible(), (Values{{"one_total{}", 5}, {"two_total{}", 0}}));
  two.inc(1);
  one.inc(1);
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.visible(), (Values{{"one_total{}", 6}, {"two_total{}", 1}}));
}

TEST_F(FrameSourceTest, EachKindOfMetricTravels) {
  DoubleCounter doubles = *registry.double_counter({.name = "d_total", .help = "h"});
  ExternalCounter external = *registry.external_counter({.name = "e_total", .help = "h"});
  ExternalDoubleCounter joules =
      *registry.external_double_counter({.name = "j_total", .help = "h"});
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1, 2}});
  doubles.inc(0.5);
  external.set(100);
  joules.set(2.5);
  gauge.set(-1);
  histogram.observe(2);
  delta();
  EXPECT_EQ(receiver.visible(),
            (Values{{"d_total{}", 0.5}, {"e_total{}", 100}, {"j_total{}", 2.5}, {"g{}", -1}}));
  EXPECT_EQ(receiver.histogram("h{}").sum, 2);
  EXPECT_EQ(receiver.histogram("h{}").buckets, (std::map<std::uint16_t, std::uint64_t>{{1, 1}}));

  external.set(50);  // may go down
  gauge.set(std::nan(""));
  histogram.observe(3);
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.seen.back().samples, 3u);
  EXPECT_EQ(receiver.visible().at("e_total{}"), 50);
  EXPECT_TRUE(std::isnan(receiver.visible().at("g{}")));
  EXPECT_EQ(receiver.histogram("h{}").buckets,
            (std::map<std::uint16_t, std::uint64_t>{{1, 1}, {2, 1}}));
  EXPECT_EQ(delta(), 0u);  // a NaN that stays is no change
}

TEST_F(FrameSourceTest, SeqGoesUpByOnePerFrame) {
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  delta();
  source.heartbeat(0, *this);
  keyframe();
  counter.inc();
  delta();
  ASSERT_EQ(receiver.seen.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(receiver.seen[i].seq, i + 1);
  }
  EXPECT_EQ(receiver.seen[1].samples, 0u);
}

TEST_F(FrameSourceTest, AKeyframeSaysEverythingToWhoHeardNothing) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a", "b"}});
  family.with("1", "2").inc(3);
  family.with("3", "4").inc(5);
  delta();
  receiver = {};  // a new sidecar
  keyframe();
  EXPECT_EQ(receiver.visible(), (Values{{"x_total{1,2}", 3}, {"x_total{3,4}", 5}}));
  EXPECT_EQ(receiver.node, "n");
  EXPECT_EQ(receiver.service, "s");
  EXPECT_EQ(delta(), 0u);
}

TEST_F(FrameSourceTest, NewFamiliesAndSeriesComeWithTheNextDelta) {
  keyframe();
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  EXPECT_EQ(delta(), 1u);
  family.with("1").inc();
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.visible(), (Values{{"x_total{1}", 1}}));
}

TEST_F(FrameSourceTest, RemovedSeriesHideAndReviveWithTheirTotal) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  Counter kept = family.with("1");
  kept.inc(5);
  delta();
  family.remove("1");
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.visible(), Values{});
  kept.inc();
  EXPECT_EQ(delta(), 1u);  // it counts, shown or not
  EXPECT_EQ(receiver.values.at(0), 6);
  EXPECT_EQ(receiver.visible(), Values{});
  receiver = {};
  keyframe();  // hidden there, too
  EXPECT_EQ(receiver.visible(), Values{});
  EXPECT_EQ(receiver.values.at(0), 6);
  (void)family.with("1");
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.visible(), (Values{{"x_total{1}", 6}}));
  family.remove("1");
  (void)family.with("1");
  EXPECT_LE(delta(), 1u);  // removed and back between two frames: nothing is lost
  EXPECT_EQ(receiver.visible(), (Values{{"x_total{1}", 6}}));
}

TEST_F(FrameSourceTest, WhatIsRemovedBeforeItWasSaidIsSaid) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  family.with("1").inc(5);
  family.remove("1");
  family.with("2").inc();
  EXPECT_EQ(delta(), 1u);
  EXPECT_EQ(receiver.values.at(0), 5);
  EXPECT_EQ(receiver.visible(), (Values{{"x_total{2}", 1}}));
}

TEST_F(FrameSourceTest, LargeKeyframesComeInParts) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  Histogram histogram =
      *registry.histogram({.name = "h", .help = "h", .bounds = linear_bounds(0, 1, 100)});
  for (int i = 0; i < 2000; ++i) {
    family.with("value-" + std::to_string(i)).inc(static_cast<std::uint64_t>(i));
    histogram.observe(i % 100);
  }
  constexpr std::size_t kBytesMax = 16'384;
  const FrameSource::Statement said = keyframe(kBytesMax);
  const auto parts = static_cast<std::uint16_t>(receiver.seen.size());
  EXPECT_GT(parts, 3);
  EXPECT_EQ(said.seq, parts);
  for (std::uint16_t i = 0; i < parts; ++i) {
    EXPECT_EQ(receiver.seen[i].part, i);
    EXPECT_EQ(receiver.seen[i].parts, parts);
    EXPECT_EQ(receiver.seen[i].seq, i + 1u);
    EXPECT_LE(receiver.seen[i].bytes, kBytesMax);
  }
  EXPECT_EQ(receiver.visible().size(), 2000u);
  EXPECT_EQ(receiver.visible().at("x_total{value-1999}"), 1999);
  EXPECT_EQ(receiver.histogram("h{}").buckets.size(), 100u);
}

TEST_F(FrameSourceTest, LargeDeltasComeAsSeveral) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  for (int i = 0; i < 2000; ++i) {
    family.with(std::to_string(i)).inc();
  }
  EXPECT_GT(delta(16'384), 2u);
  for (const Receiver::Seen& frame : receiver.seen) {
    EXPECT_EQ(frame.kind, wire::Kind::kDelta);
    EXPECT_EQ(frame.parts, 1);
    EXPECT_LE(frame.bytes, 16'384u);
  }
  EXPECT_EQ(receiver.visible().size(), 2000u);
}

TEST_F(FrameSourceTest, AGoodbyeIsAKeyframeAndLaterCountsShow) {
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  counter.inc();
  EXPECT_TRUE(keyframe(kLarge, wire::Kind::kGoodbye).totals_moved);
  EXPECT_EQ(receiver.seen.back().kind, wire::Kind::kGoodbye);
  EXPECT_FALSE(source.totals_moved());
  EXPECT_FALSE(keyframe(kLarge, wire::Kind::kGoodbye).totals_moved);
  gauge.set(1);  // readings are no totals
  EXPECT_FALSE(source.totals_moved());
  counter.inc();
  EXPECT_TRUE(source.totals_moved());
}

TEST_F(FrameSourceTest, ARebasedInstanceStatesWhatWasNotStatedYet) {
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  DoubleCounter doubles = *registry.double_counter({.name = "d_total", .help = "h"});
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1}});
  counter.inc(10);
  doubles.inc(10);
  gauge.set(10);
  histogram.observe(0.5);
  delta();
  counter.inc(2);
  doubles.inc(0.5);
  histogram.observe(0.5);
  receiver = {};
  source.renew({3, 4}, 0, true);
  keyframe();
  EXPECT_EQ(receiver.visible(), (Values{{"x_total{}", 2}, {"d_total{}", 0.5}, {"g{}", 10}}));
  EXPECT_EQ(receiver.histogram("h{}").buckets, (std::map<std::uint16_t, std::uint64_t>{{0, 1}}));
  EXPECT_EQ(receiver.histogram("h{}").sum, 0.5);
  EXPECT_EQ(receiver.seen.back().seq, 1u);
  EXPECT_EQ(receiver.seen.back().instance, (wire::InstanceId{3, 4}));
  EXPECT_EQ(delta(), 0u);
  counter.inc(1);
  source.renew({5, 6}, 0, true);  // and again
  keyframe();
  EXPECT_EQ(receiver.visible().at("x_total{}"), 1);
}

TEST_F(FrameSourceTest, EveryFrameSaysHowManyIncrementsItsReceiverHas) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1}});
  DoubleCounter doubles = *registry.double_counter({.name = "d_total", .help = "h"});
  ExternalCounter external = *registry.external_counter({.name = "e_total", .help = "h"});
  const auto increments = [&] { return receiver.seen.back().increments; };
  Counter one = family.with("1");
  one.inc(5);
  histogram.observe(0.5);
  histogram.observe(2);
  doubles.inc(100);
  external.set(1000);
  delta();
  EXPECT_EQ(increments(), 7u);
  one.inc(1);
  source.heartbeat(0, *this);
  EXPECT_EQ(increments(), 7u) << "a heartbeat states nothing new";
  delta();
  EXPECT_EQ(increments(), 8u);
  keyframe();
  EXPECT_EQ(increments(), 8u) << "said again is not counted again";

  family.remove("1");
  one.inc(10);
  family.with("2").inc(100);
  delta();
  EXPECT_EQ(increments(), 118u) << "what is hidden is counted on";
  keyframe();
  EXPECT_EQ(increments(), 118u);
  (void)family.with("1");
  one.inc(1);
  delta();
  EXPECT_EQ(increments(), 119u) << "and comes back once";

  one.inc(3);
  source.renew({3, 4}, 0, true);
  keyframe();
  EXPECT_EQ(increments(), 3u) << "relative to where the former instance ended";
}

TEST_F(FrameSourceTest, TheFramesOfOneStatementSayTheSameIncrements) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  for (int i = 0; i < 2000; ++i) {
    family.with("value-" + std::to_string(i)).inc(2);
  }
  EXPECT_GT(delta(16'384), 2u);
  keyframe(16'384);
  for (const Receiver::Seen& frame : receiver.seen) {
    EXPECT_EQ(frame.increments, 4000u);
  }
}

TEST_F(FrameSourceTest, ARevivedSeriesIsNotStatedTwiceByTheNextInstance) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  family.with("1").inc(5);
  keyframe();
  family.remove("1");
  delta();
  (void)family.with("1");
  (void)source.totals_moved();  // learns of it, but states nothing
  source.renew({3, 4}, 0, true);
  receiver = {};
  keyframe();
  EXPECT_EQ(receiver.visible().at("x_total{1}"), 0);
}

TEST_F(FrameSourceTest, FramesAreWholeWhileTheProgramRegistersRecordsAndRemoves) {
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  HistogramFamily histograms =
      *registry.histogram_family({.name = "h", .help = "h", .labels = {"a"}, .bounds = {1, 2}});
  constexpr int kThreads = 3;
  constexpr int kRounds = 3000;
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, family, histograms] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string value = std::to_string(i % 300);
        family.with(value).inc();
        histograms.with(value).observe(i % 3);
        if (i % 7 == 0) {
          family.remove(value);
        }
        if (i % 100 == 0) {
          (void)registry.gauge({.name = "g" + std::to_string(i), .help = "h"});
        }
      }
      --running;
    });
  }
  while (running.load() > 0) {
    delta(8192);
    (void)registry.text();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (int i = 0; i < 300; ++i) {
    (void)family.with(std::to_string(i));  // whatever was removed last comes back
  }
  delta();
  double total = 0;
  for (const auto& [name, value] : receiver.visible()) {
    total += name.starts_with("x_total") ? value : 0;
  }
  EXPECT_EQ(total, kThreads * kRounds);
}

TEST_F(FrameSourceTest, DoubleTotalsNeverGoDownOverThreadsAndRebases) {
  DoubleCounter doubles = *registry.double_counter({.name = "d_total", .help = "h"});
  double last = 0;
  for (int i = 0; i < 200; ++i) {
    std::thread([=]() mutable { doubles.inc(0.1 * i + 1e-9); }).join();
    doubles.inc(1e-7 * i);
    if (i % 50 == 49) {
      source.renew({7, static_cast<std::uint64_t>(i)}, 0, true);
      last = 0;
      keyframe();
    } else {
      delta();
    }
    const double now = receiver.visible().at("d_total{}");
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace weir
