// A publisher against a bus and a clock that the test controls. Single-threaded: only the test
// calls this.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client_lib/src/publisher_core.h"
#include "tests/unit/client_lib/receiver.h"
#include "weir/registry.h"

namespace weir {

class FakeTransport : public Transport {
 public:
  Link link() override { return link_state; }
  std::uint64_t connections() override { return connection; }
  std::size_t payload_bytes_max() override { return payload_bytes; }
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

  void control(wire::Kind kind, wire::InstanceId instance, std::uint64_t seq = 0,
               std::uint32_t spread_ms = 0) {
    wire::Frame frame;
    frame.kind = kind;
    frame.instance = instance;
    frame.seq = seq;
    frame.durable = kind == wire::Kind::kAck && durable;
    frame.spread_ms = spread_ms;
    const auto bytes = encoder.encode(frame);
    inbox.emplace_back(bytes.begin(), bytes.end());
  }
  void stranger(const std::string& text) { inbox.emplace_back(text.begin(), text.end()); }

  Link link_state = Link::kConnected;
  std::uint64_t connection = 1;
  std::size_t payload_bytes = 1 << 20;
  bool answers = true;
  bool nobody_there = false;
  bool lose_frames = false;
  bool fail_publish = false;
  bool durable = true;  // what acknowledgements say
  Receiver receiver;
  wire::InstanceId listening_as;
  std::string last_subject;
  std::deque<std::vector<std::uint8_t>> inbox;
  std::vector<std::uint8_t> current;
  wire::Encoder encoder;
};

class PublisherFixture : public ::testing::Test {
 protected:
  static PublisherSettings settings() {
    PublisherSettings settings;
    settings.identity.node = "web-1";
    settings.identity.service = "shop";
    return settings;
  }
  // Calls the core as its worker would, for so long.
  void run(std::int64_t for_ms) { run(core, for_ms); }
  void run(PublisherCore& one, std::int64_t for_ms) {
    const std::int64_t end = now.steady_ms + for_ms;
    while (now.steady_ms <= end) {
      one.on_tick(now);
      if (one.finished()) {
        return;
      }
      const std::int64_t next = std::max(one.next_tick_ms(now), now.steady_ms + 1);
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
  std::uint64_t chance = 0;  // what the random source says
  PublisherCore core{registry.core(), settings(), transport,
                     [this] {
                       return wire::InstanceId{9, ++instances};
                     },
                     [this] { return chance; }};
  Instant now{1'000'000, 1'700'000'000'000};
};

}  // namespace weir
