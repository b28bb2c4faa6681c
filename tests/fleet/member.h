// One simulated publisher: the client's own state machine, over a connection that it shares with
// others. Single-threaded: only the thread of the fleet calls this.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client_lib/src/publisher_core.h"
#include "client_lib/src/transport.h"
#include "tests/fleet/group.h"
#include "tests/fleet/nats_socket.h"

namespace fleet {

// A connection and how often it was made.
struct Line {
  NatsSocket socket;
  std::uint64_t connections = 0;
  std::int64_t connect_at_ms = 0;
};

// What happens to frames on their way.
struct Weather {
  double lose = 0;  // this part of them
  std::uint64_t frames_lost = 0;
  std::mt19937_64 random;  // of the members, too: when they answer
};

class Member final : public weir::Transport {
 public:
  // Its subscriptions are first_subscription and the two after it.
  Member(Group& group, Line& line, Weather& weather, weir::PublisherSettings settings,
         std::uint32_t first_subscription);

  static constexpr std::uint32_t kSubscriptions = 3;

  void on_tick(weir::Instant now) { core_->on_tick(now); }
  [[nodiscard]] std::int64_t next_tick_ms(weir::Instant now) const {
    return core_->next_tick_ms(now);
  }
  void deliver(bool no_responders, std::span<const std::uint8_t> bytes);
  void begin_goodbye(weir::Instant now) { core_->begin_goodbye(now); }
  [[nodiscard]] bool finished() const { return core_->finished(); }
  // As a process that ended and was started again, whose counts go on.
  void begin_anew(std::int64_t now_unix_ms);
  [[nodiscard]] weir::PublisherStatus status() const { return core_->status(); }

 private:
  [[nodiscard]] std::unique_ptr<weir::PublisherCore> make_core();

  struct Received {
    bool no_responders;
    std::vector<std::uint8_t> bytes;
  };

  Link link() override;
  std::uint64_t connections() override { return line_.connections; }
  std::size_t payload_bytes_max() override { return line_.socket.payload_bytes_max(); }
  bool listen(std::string_view node, const weir::wire::InstanceId& instance) override;
  bool publish(std::string_view subject, std::span<const std::uint8_t> bytes,
               bool answer_wanted) override;
  bool receive(Message& message) override;
  std::string url() override { return "nats://127.0.0.1"; }
  std::string why_down() override { return "the connection was lost"; }

  Group& group_;
  Line& line_;
  Weather& weather_;
  weir::PublisherSettings settings_;
  const std::uint32_t first_subscription_;
  std::uint64_t subscribed_connection_ = 0;
  weir::wire::InstanceId subscribed_as_;
  std::string reply_prefix_;
  std::uint64_t replies_ = 0;
  std::deque<Received> inbox_;
  Received current_{};
  std::unique_ptr<weir::PublisherCore> core_;  // the last: it calls back when it ends
};

}  // namespace fleet
