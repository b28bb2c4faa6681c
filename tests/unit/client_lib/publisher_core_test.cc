// The publisher's side of the protocol, against a bus that the test controls.
#include "client_lib/src/publisher_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/client_lib/receiver.h"
#include "weir/registry.h"

namespace weir {
namespace {

using ::testing::HasSubstr;

class FakeTransport : public Transport {
 public:
  Link link() override { return link_state; }
  std::uint64_t connections() override { return connection; }
  std::size_t payload_bytes_max() override { return 1 << 20; }
  bool listen(std::string_view, const wire::InstanceId& instance) override {
    listening_as = instance;
    return true;
  }
  bool publish(std::string_view subject, std::span<const std::uint8_t> bytes,
               bool answer_wanted) override {
    if (fail_publish) {
      return false;
    }
    last_subject = subject;
    if (lose_frames) {
      return true;
    }
    receiver.receive(bytes, answer_wanted);
    if (answer_wanted && nobody_there) {
      inbox.push_back({});
    } else if (answer_wanted && answers && receiver.seen.back().kind != wire::Kind::kDelta) {
      control(wire::Kind::kAck, receiver.seen.back().instance, receiver.seen.back().seq);
    }
    return true;
  }
  bool receive(Message& message) override {
    if (inbox.empty()) {
      return false;
    }
    current = std::move(inbox.front());
    inbox.pop_front();
    message.no_responders = current.empty();
    message.bytes = current;
    return true;
  }
  std::string url() override { return "nats://fake"; }
  std::string why_down() override { return "refused"; }

  void control(wire::Kind kind, wire::InstanceId instance, std::uint64_t seq = 0) {
    wire::Frame frame;
    frame.kind = kind;
    frame.instance = instance;
    frame.seq = seq;
    const auto bytes = encoder.encode(frame);
    inbox.emplace_back(bytes.begin(), bytes.end());
  }
  void stranger(const std::string& text) { inbox.emplace_back(text.begin(), text.end()); }

  Link link_state = Link::kConnected;
  std::uint64_t connection = 1;
  bool answers = true;
  bool nobody_there = false;
  bool lose_frames = false;
  bool fail_publish = false;
  Receiver receiver;
  wire::InstanceId listening_as;
  std::string last_subject;
  std::deque<std::vector<std::uint8_t>> inbox;
  std::vector<std::uint8_t> current;
  wire::Encoder encoder;
};

class PublisherCoreTest : public ::testing::Test {
 protected:
  static PublisherSettings settings() {
    PublisherSettings settings;
    settings.identity.node = "web-1";
    settings.identity.service = "shop";
    return settings;
  }
  // Calls the core as its worker would, for so long.
  void run(std::int64_t for_ms) {
    const std::int64_t end = now.steady_ms + for_ms;
    while (now.steady_ms <= end) {
      core.on_tick(now);
      if (core.finished()) {
        return;
      }
      const std::int64_t next = std::max(core.next_tick_ms(now), now.steady_ms + 1);
      now.unix_ms += next - now.steady_ms;
      now.steady_ms = next;
    }
  }
  [[nodiscard]] std::size_t frames(wire::Kind kind) const {
    std::size_t count = 0;
    for (const Receiver::Seen& seen : transport.receiver.seen) {
      count += seen.kind == kind ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] double value(const std::string& name) const {
    return transport.receiver.visible().at(name);
  }

  Registry registry;
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  FakeTransport transport;
  std::uint64_t instances = 0;
  PublisherCore core{registry.core(), settings(), transport, [this] {
                       return wire::InstanceId{9, ++instances};
                     }};
  Instant now{1'000'000, 1'700'000'000'000};
};

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

TEST_F(PublisherCoreTest, AGoodbyeEndsWithItsAcknowledgement) {
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

TEST_F(PublisherCoreTest, ALostAcknowledgementIsAskedForAgain) {
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

TEST_F(PublisherCoreTest, AGoodbyeThatIsNeverAnsweredEndsInTime) {
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

TEST_F(PublisherCoreTest, TotalsThatMovedSinceAreSaidInAnotherGoodbye) {
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

TEST_F(PublisherCoreTest, AnOlderGoodbyesAcknowledgementDoesNotEndANewerOne) {
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

TEST_F(PublisherCoreTest, TheNextPublisherOfARegistryDoesNotStateTwiceWhatIsCounted) {
  {
    PublisherCore first{registry.core(), settings(), transport, [] {
                          return wire::InstanceId{7, 7};
                        }};
    counter.inc(10);
    first.on_tick(now);  // says everything
    first.on_tick(now);  // hears the answer
    first.begin_goodbye(now);
    first.on_tick(now);
    first.on_tick(now);
    ASSERT_TRUE(first.finished());
  }
  counter.inc(2);
  PublisherCore second{registry.core(), settings(), transport, [] {
                         return wire::InstanceId{8, 8};
                       }};
  second.on_tick(now);
  EXPECT_EQ(transport.receiver.seen.back().instance, (wire::InstanceId{8, 8}));
  EXPECT_EQ(value("x_total{}"), 2);
}

TEST_F(PublisherCoreTest, WithoutASidecarAGoodbyeEndsAtOnce) {
  transport.nobody_there = true;
  run(100);
  const std::int64_t began = now.steady_ms;
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_LE(now.steady_ms - began, 20);
  EXPECT_FALSE(core.status().goodbye_acknowledged);
}

TEST_F(PublisherCoreTest, WithoutAConnectionAGoodbyeEndsAtOnce) {
  transport.link_state = Transport::Link::kDown;
  run(100);
  const std::int64_t began = now.steady_ms;
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.finished());
  EXPECT_LE(now.steady_ms - began, 20);
}

TEST_F(PublisherCoreTest, AShortLifeSaysGoodbyeAsItsFirstFrame) {
  counter.inc(3);
  core.begin_goodbye(now);
  run(1000);
  EXPECT_TRUE(core.status().goodbye_acknowledged);
  ASSERT_EQ(transport.receiver.seen.size(), 1u);
  EXPECT_EQ(value("x_total{}"), 3);
}

TEST_F(PublisherCoreTest, ABlipDuringTheGoodbyeIsWaitedFor) {
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

}  // namespace
}  // namespace weir
