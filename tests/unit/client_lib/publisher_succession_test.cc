// One publisher of a registry after another, in one process: what they count is counted once.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

#include "tests/unit/client_lib/publisher_fixture.h"

namespace weir {
namespace {

// A bus that loses frames and answers, with a sidecar behind it that adds one counter up over
// instances as sidecars do: per instance the last total counts, of one that has said goodbye only
// further goodbyes, and of one that ended long ago nothing: its goodbyes are answered all the same.
class LossyBus : public Transport {
 public:
  explicit LossyBus(std::mt19937& random) : random_(random) {}

  Link link() override { return loss > 0 && chance(loss / 4) ? Link::kDown : Link::kConnected; }
  std::uint64_t connections() override { return 1; }
  std::size_t payload_bytes_max() override { return 1 << 20; }
  bool listen(std::string_view, const wire::InstanceId&) override { return true; }
  bool publish(std::string_view, std::span<const std::uint8_t> bytes, bool answer) override {
    EXPECT_FALSE(decoder_.decode(bytes));
    const wire::Frame& frame = decoder_.frame();
    if (frame.kind == wire::Kind::kGoodbye) {
      instances_[frame.instance].said = frame.increments;
    }
    if (!chance(loss)) {
      merge(frame, answer);
    }
    return true;
  }
  bool receive(Message& message) override {
    if (inbox_.empty()) {
      return false;
    }
    current_ = std::move(inbox_.front());
    inbox_.pop_front();
    message.bytes = current_;
    return true;
  }
  std::string url() override { return "nats://fake"; }
  std::string why_down() override { return "chance"; }

  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t sum = 0;
    for (const auto& [id, instance] : instances_) {
      sum += instance.total;
    }
    return sum;
  }
  // More than ten minutes pass: who has ended is only remembered. Not one of whose goodbyes an
  // older one alone arrived: what moved between the two is lost by design.
  void forget_the_ended() {
    for (auto& [id, instance] : instances_) {
      instance.remembered |= instance.ended && instance.total == instance.said;
    }
  }
  double loss = 0;

 private:
  struct Known {
    std::uint64_t last_seq = 0, stated_seq = 0, total = 0, said = 0;
    bool ended = false, remembered = false;
  };
  bool chance(double of) { return std::uniform_real_distribution<>(0, 1)(random_) < of; }
  void merge(const wire::Frame& frame, bool answer) {
    Known& known = instances_[frame.instance];
    const bool dropped = frame.seq <= known.last_seq || known.remembered ||
                         (known.ended && frame.kind != wire::Kind::kGoodbye);
    if (!dropped) {
      known.last_seq = frame.seq;
      for (const std::uint64_t total : frame.counter_totals) {
        EXPECT_GE(total, known.total);
        known.total = total;
      }
      EXPECT_TRUE(frame.kind == wire::Kind::kDelta || known.total == frame.increments);
      known.ended = known.ended || frame.kind == wire::Kind::kGoodbye;
      known.stated_seq = frame.states_everything() ? frame.seq : known.stated_seq;
    }
    const bool remembered = known.remembered && frame.kind == wire::Kind::kGoodbye;
    if (answer && (frame.seq <= known.stated_seq || remembered) && !chance(loss)) {
      wire::Frame ack;
      ack.kind = wire::Kind::kAck;
      ack.instance = frame.instance;
      ack.seq = frame.seq;
      const auto bytes = encoder_.encode(ack);
      inbox_.emplace_back(bytes.begin(), bytes.end());
    }
  }

  std::mt19937& random_;
  std::map<wire::InstanceId, Known> instances_;
  std::deque<std::vector<std::uint8_t>> inbox_;
  std::vector<std::uint8_t> current_;
  wire::Decoder decoder_;
  wire::Encoder encoder_;
};

class PublisherSuccessionTest : public PublisherFixture {
 protected:
  static constexpr wire::InstanceId kFirst{7, 7};
  static constexpr wire::InstanceId kSecond{8, 8};
  static constexpr wire::InstanceId kThird{9, 9};

  std::unique_ptr<PublisherCore> publisher(wire::InstanceId instance,
                                           const std::string& service = "shop") {
    PublisherSettings settings = PublisherFixture::settings();
    settings.identity.service = service;
    return std::make_unique<PublisherCore>(registry.core(), settings, transport,
                                           [instance] { return instance; });
  }
  void end(std::unique_ptr<PublisherCore> one) {
    one->begin_goodbye(now);
    run(*one, 1000);
    ASSERT_TRUE(one->finished());
  }
  [[nodiscard]] const Receiver::Seen& last() const { return transport.receiver.seen.back(); }
};

TEST_F(PublisherSuccessionTest, AfterAnAcknowledgedGoodbyeANewInstanceCountsOn) {
  auto first = publisher(kFirst);
  counter.inc(10);
  run(*first, 100);
  end(std::move(first));
  counter.inc(2);
  auto second = publisher(kSecond);
  run(*second, 100);
  EXPECT_EQ(last().instance, kSecond);
  EXPECT_EQ(last().seq, 1u);
  EXPECT_EQ(last().increments, 2u);
  EXPECT_EQ(value("x_total{}"), 2);
}

TEST_F(PublisherSuccessionTest, WithoutAGoodbyeTheSameInstanceGoesOn) {
  auto first = publisher(kFirst);
  counter.inc(10);
  run(*first, 100);
  transport.link_state = Transport::Link::kDown;  // the goodbye leaves not even the process
  counter.inc(5);
  end(std::move(first));
  const std::uint64_t seq = last().seq;
  transport.link_state = Transport::Link::kConnected;
  counter.inc(2);
  auto second = publisher(kSecond);
  run(*second, 100);
  EXPECT_EQ(last().instance, kFirst);
  EXPECT_EQ(last().seq, seq + 1);
  EXPECT_EQ(last().kind, wire::Kind::kKeyframe);
  EXPECT_EQ(value("x_total{}"), 17);
  EXPECT_EQ(second->status().state, PublisherState::kPublishing);
  EXPECT_EQ(frames(wire::Kind::kGoodbye), 0u);
}

TEST_F(PublisherSuccessionTest, AnUnansweredGoodbyeIsSaidToItsEndBeforeANewInstanceBegins) {
  auto first = publisher(kFirst);
  counter.inc(10);
  run(*first, 100);
  transport.answers = false;  // it is heard, but its answer is lost
  end(std::move(first));
  ASSERT_EQ(last().kind, wire::Kind::kGoodbye);
  const std::uint64_t seq = last().seq;

  counter.inc(5);
  auto second = publisher(kSecond);
  run(*second, 100);
  EXPECT_EQ(last().instance, kFirst);
  EXPECT_EQ(last().seq, seq + 1);
  EXPECT_EQ(last().kind, wire::Kind::kGoodbye);
  EXPECT_EQ(last().increments, 10u);
  EXPECT_EQ(value("x_total{}"), 10) << "who remembers it would count nothing else of it";
  counter.inc(1);
  run(*second, 3000);
  EXPECT_EQ(last().kind, wire::Kind::kGoodbye) << "a sidecar merges no delta after a goodbye";

  transport.answers = true;
  run(*second, 10'000);
  EXPECT_EQ(last().instance, kSecond);
  EXPECT_EQ(value("x_total{}"), 6) << "what was counted since";
  EXPECT_EQ(second->status().state, PublisherState::kPublishing);
  counter.inc(3);
  run(*second, 1100);
  EXPECT_EQ(value("x_total{}"), 9);
}

TEST_F(PublisherSuccessionTest, AnOlderGoodbyesAnswerLeavesNothingOut) {
  auto first = publisher(kFirst);
  run(*first, 100);
  transport.answers = false;
  first->begin_goodbye(now);
  run(*first, 10);
  const std::uint64_t older = last().seq;
  counter.inc(5);
  run(*first, 1000);
  ASSERT_TRUE(first->finished());
  ASSERT_EQ(value("x_total{}"), 5) << "said in another goodbye";
  first.reset();
  auto second = publisher(kSecond);
  run(*second, 100);
  transport.control(wire::Kind::kAck, kFirst, older);  // late; of the goodbye without the 5
  run(*second, 2000);
  EXPECT_EQ(last().instance, kFirst);
  EXPECT_EQ(value("x_total{}"), 5);
  transport.answers = true;
  run(*second, 10'000);
  EXPECT_EQ(last().instance, kSecond);
  EXPECT_EQ(value("x_total{}"), 0);
}

TEST_F(PublisherSuccessionTest, ASuccessorThatEndsBeforeTheAnswerLeavesTheGoodbyeToTheNext) {
  auto first = publisher(kFirst);
  counter.inc(1);
  run(*first, 100);
  transport.answers = false;
  end(std::move(first));
  counter.inc(2);
  end(publisher(kSecond));
  EXPECT_EQ(last().instance, kFirst);
  EXPECT_EQ(value("x_total{}"), 1);
  transport.answers = true;
  auto third = publisher(kThird);
  third->begin_goodbye(now);
  run(*third, 1000);
  EXPECT_TRUE(third->status().goodbye_acknowledged);
  EXPECT_EQ(third->status().undelivered_increments, 0u);
  ASSERT_GE(transport.receiver.seen.size(), 2u);
  const Receiver::Seen& formers = transport.receiver.seen[transport.receiver.seen.size() - 2];
  EXPECT_EQ(formers.instance, kFirst);
  EXPECT_EQ(formers.increments, 1u);
  EXPECT_EQ(last().instance, kThird);
  EXPECT_EQ(last().kind, wire::Kind::kGoodbye);
  EXPECT_EQ(last().increments, 2u) << "what was counted since, in a goodbye of its own";
  EXPECT_EQ(transport.listening_as, kThird);
  EXPECT_EQ(transport.last_subject, wire::Subjects{}.publish("web-1", "shop", kThird));
}

TEST_F(PublisherSuccessionTest, WithoutAnAnswerTheSecondGoodbyeIsLeftToTheNextToo) {
  auto first = publisher(kFirst);
  counter.inc(1);
  run(*first, 100);
  transport.answers = false;
  end(std::move(first));
  counter.inc(2);
  auto second = publisher(kSecond);
  second->begin_goodbye(now);
  run(*second, 10);
  transport.control(wire::Kind::kAck, kFirst, last().seq);
  run(*second, 1000);
  ASSERT_TRUE(second->finished());
  EXPECT_FALSE(second->status().goodbye_acknowledged);
  EXPECT_EQ(second->status().undelivered_increments, 2u);
  second.reset();
  EXPECT_EQ(last().instance, kSecond);
  transport.answers = true;
  counter.inc(4);
  auto third = publisher(kThird);
  run(*third, 100);
  EXPECT_EQ(last().instance, kThird);
  EXPECT_EQ(value("x_total{}"), 4);
}

TEST_F(PublisherSuccessionTest, WhoIsToldToBeginAgainKeepsWhatWasCountedSinceTheGoodbye) {
  for (const bool leaving : {false, true}) {
    SCOPED_TRACE(leaving);
    transport.answers = false;
    auto first = publisher(kFirst);
    counter.inc(1);
    run(*first, 100);
    end(std::move(first));
    counter.inc(2);
    auto second = publisher(kSecond);
    if (leaving) {
      second->begin_goodbye(now);
    }
    run(*second, 10);
    ASSERT_EQ(last().instance, kFirst);
    transport.control(wire::Kind::kRebase, kFirst);
    transport.answers = true;
    run(*second, 1000);
    EXPECT_EQ(last().instance, kSecond);
    EXPECT_EQ(last().increments, 2u);
    EXPECT_EQ(second->finished(), leaving);
    end(std::move(second));
  }
}

TEST_F(PublisherSuccessionTest, TheFormersGoodbyeIsSaidAgainAsItWas) {
  Histogram size = *registry.histogram({.name = "size", .help = "h", .bounds = {1, 2}});
  DoubleCounter work = *registry.double_counter({.name = "work_total", .help = "h"});
  auto first = publisher(kFirst);
  size.observe(1);
  work.inc(0.5);
  run(*first, 100);
  transport.answers = false;
  end(std::move(first));
  size.observe(2);
  size.observe(1);
  work.inc(0.25);
  (*registry.counter({.name = "late_total", .help = "h"})).inc(7);
  auto second = publisher(kSecond);
  transport.receiver = {};
  run(*second, 100);
  ASSERT_EQ(last().instance, kFirst);
  EXPECT_EQ(last().increments, 1u);
  EXPECT_EQ(value("work_total{}"), 0.5);
  EXPECT_EQ(transport.receiver.histogram("size{}").buckets,
            (std::map<std::uint16_t, std::uint64_t>{{0, 1}}));
  EXPECT_EQ(transport.receiver.histogram("size{}").sum, 1);
  EXPECT_FALSE(transport.receiver.visible().contains("late_total{}"));
  transport.answers = true;
  run(*second, 10'000);
  ASSERT_EQ(last().instance, kSecond);
  EXPECT_EQ(last().increments, 9u);
  EXPECT_EQ(value("work_total{}"), 0.25);
  EXPECT_EQ(value("late_total{}"), 7);
}

TEST_F(PublisherSuccessionTest, UnderAnotherServiceItIsAnotherInstance) {
  auto first = publisher(kFirst);
  counter.inc(10);
  run(*first, 100);
  transport.answers = false;
  end(std::move(first));
  transport.answers = true;
  counter.inc(2);
  auto second = publisher(kSecond, "cart");
  run(*second, 100);
  EXPECT_EQ(last().instance, kSecond);
  EXPECT_EQ(transport.receiver.service, "cart");
  EXPECT_EQ(value("x_total{}"), 2);
}

TEST_F(PublisherSuccessionTest, WhoNeverSpokeLeavesEverythingToTheNext) {
  transport.link_state = Transport::Link::kDown;
  auto first = publisher(kFirst);
  counter.inc(10);
  end(std::move(first));
  transport.link_state = Transport::Link::kConnected;
  auto second = publisher(kSecond);
  run(*second, 100);
  EXPECT_EQ(last().seq, 1u);
  EXPECT_EQ(value("x_total{}"), 10);
}

TEST_F(PublisherSuccessionTest, WhateverIsLostNothingIsCountedTwiceOrNever) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    LossyBus bus(random);
    Registry own_registry;
    Counter own = *own_registry.counter({.name = "x_total", .help = "h"});
    std::uint64_t counted = 0, next_instance = 0;
    const auto count = [&] {
      const std::uint64_t n = random() % 3;
      own.inc(n);
      counted += n;
    };
    for (int life = 0; life < 6; ++life) {
      if (random() % 2 == 0) {
        bus.forget_the_ended();
      }
      bus.loss = life == 5 ? 0 : 0.1 * static_cast<double>(random() % 8);
      PublisherCore one(
          own_registry.core(), settings(), bus,
          [&] {
            return wire::InstanceId{seed, ++next_instance};
          },
          [&] { return random(); });
      for (std::uint64_t turns = random() % 20; turns > 0; --turns) {
        count();
        run(one, static_cast<std::int64_t>(random() % 3000));
        ASSERT_LE(bus.sum(), counted);
      }
      one.begin_goodbye(now);
      run(one, static_cast<std::int64_t>(random() % 200));
      const std::uint64_t counted_at_the_end = counted;
      const bool had_finished = one.finished();
      count();
      run(one, 1000);
      ASSERT_TRUE(one.finished());
      if (one.status().goodbye_acknowledged) {
        ASSERT_EQ(bus.sum() + one.status().undelivered_increments,
                  had_finished ? counted_at_the_end : counted);
      }
    }
    PublisherCore last(own_registry.core(), settings(), bus, [&] {
      return wire::InstanceId{seed, ++next_instance};
    });
    run(last, 100);
    ASSERT_EQ(bus.sum(), counted);
  }
}

}  // namespace
}  // namespace weir
