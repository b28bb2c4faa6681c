// Two sidecars of one node on a bus that can lose messages, each with a state directory of its own
// that outlives it.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core_fixture.h"
#include "memory_storage.h"
#include "sidecar/peers/peer_messages.h"

namespace weir::sidecar {

class PairFixture {
 public:
  struct Message {
    int from;
    std::string subject;
    std::vector<std::uint8_t> bytes;
  };

  PairFixture() {
    for (int side : {0, 1}) {
      sinks_[side] = std::make_unique<Sink>(bus_, side);
      options[side].node = "node-1";
      options[side].durable.node = "node-1";
      options[side].durable.boot_id = "boot-1";
      options[side].peers.pair = true;
      options[side].series_ttl_ms = 30ll * 24 * 3'600'000;
      storages[side] = std::make_unique<MemoryStorage>();
    }
  }

  void start(int side) {
    engines[side] = std::make_unique<Engine>(
        options[side], *sinks_[side], [this] { return now; },
        [this](std::uint32_t pid, std::uint64_t, std::int64_t) { return !dead[pid]; }, 1,
        with_storage ? storages[side].get() : nullptr);
    engines[side]->recover();
    LinkStatus link;
    link.connected = true;
    engines[side]->set_link(link);
  }
  void start_both() {
    start(0);
    start(1);
    pass(3'000);
  }
  void kill(int side) { engines[side].reset(); }
  void lose_state(int side) { storages[side] = std::make_unique<MemoryStorage>(); }

  // Everything that is under way arrives, and what is due then is done, for so long.
  void pass(std::int64_t milliseconds, std::int64_t step = 200) {
    for (const std::int64_t end = now + milliseconds; now < end;) {
      now += std::min(step, end - now);
      turn();
    }
  }
  void turn() {
    for (auto& engine : engines) {
      if (engine != nullptr) {
        engine->tick();
        engine->commit();
        engine->exchange();
        engine->keep();
      }
    }
    while (!bus_.empty()) {
      const Message message = std::move(bus_.front());
      bus_.pop_front();
      if (lose && lose(message)) {
        continue;
      }
      for (int side : {0, 1}) {
        if (engines[side] != nullptr && message.subject.starts_with("weir.v1.peer.")) {
          engines[side]->receive(message.subject, {}, message.bytes);
        }
      }
    }
  }

  void hear(int side, FramePublisher& publisher, const std::vector<std::uint8_t>& frame) {
    if (engines[side] != nullptr) {
      engines[side]->receive(publisher.subject(), {}, frame);
    }
  }
  void hear_both(FramePublisher& publisher, wire::Kind kind) {
    const auto frame = publisher.make(kind);
    hear(0, publisher, frame);
    hear(1, publisher, frame);
  }

  // What /metrics shows; "absent", or "not ready".
  std::string value(int side, const std::string& sample) {
    if (!engines[side]->status().recovered) {
      return "not ready";
    }
    const std::string body = "\n" + engines[side]->metrics(Format::kPrometheusText, {});
    const std::size_t at = body.find("\n" + sample + " ");
    if (at == std::string::npos) {
      return "absent";
    }
    const std::size_t from = at + sample.size() + 2;
    return body.substr(from, body.find('\n', from) - from);
  }
  std::string work(int side) { return value(side, "work_total{service_name=\"svc\"}"); }
  std::size_t known(int side) {
    std::size_t count = 0;
    for (const PublisherInfo& publisher : engines[side]->publishers()) {
      count += publisher.service == "svc" ? 1 : 0;
    }
    return count;
  }

  CoreFixture clock;  // publishers take their start from it
  std::int64_t now = 1'700'000'000'000;
  std::map<std::uint32_t, bool> dead;
  std::array<EngineOptions, 2> options;
  std::array<std::unique_ptr<MemoryStorage>, 2> storages;
  std::array<std::unique_ptr<Engine>, 2> engines;
  std::function<bool(const Message&)> lose;
  bool with_storage = true;

 private:
  class Sink final : public ControlSink {
   public:
    Sink(std::deque<Message>& bus, int side) : bus_(bus), side_(side) {}
    void send(std::string_view subject, std::span<const std::uint8_t> bytes) override {
      bus_.push_back({side_, std::string(subject), {bytes.begin(), bytes.end()}});
    }

   private:
    std::deque<Message>& bus_;
    int side_;
  };
  std::deque<Message> bus_;
  std::array<std::unique_ptr<Sink>, 2> sinks_;
};

// What kind of message it is; kHello for what is none.
inline PeerKind kind_of(const PairFixture::Message& message) {
  RecordReader reader(message.bytes);
  PeerHead head;
  return read_peer_head(reader, "node-1", head).empty() ? head.kind : PeerKind::kHello;
}

}  // namespace weir::sidecar
