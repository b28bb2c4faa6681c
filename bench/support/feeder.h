// Sends the frames of simulated publishers through a nats-server as fast as whoever receives them
// keeps up: each connection sends a small keyframe as a request after every 256 KiB, and waits
// while too many of those are unanswered. The server and the receiver keep the order of a
// connection, so an answer says that all before it was merged; no receiver is flooded, and no frame
// is dropped. Single-threaded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/simulated_publisher.h"
#include "tests/fleet/nats_socket.h"

namespace weir::bench {

struct Sent {
  std::uint64_t frames = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

class Feeder {
 public:
  struct Options {
    std::uint16_t port = 4222;
    std::uint32_t lines = 4;  // connections
    std::size_t window_bytes = 16u << 20;
  };

  Feeder(const Options& options, const Load& load);

  void define();
  // Each publisher sends all its frames, so many times; back to back.
  Sent rounds(std::uint32_t count);
  // The same for so long, at so many frames a second; 0: back to back.
  Sent run(double seconds, double frames_per_second);
  Sent change_some(Which which);

  [[nodiscard]] std::uint64_t stated() const;
  [[nodiscard]] std::uint64_t lines_on_page() const;
  // Since the begin, those that asked for answers among them.
  [[nodiscard]] std::uint64_t frames_in_all() const { return frames_in_all_; }

 private:
  struct Line {
    fleet::NatsSocket socket;
    std::string inbox;
    std::string marker_subject;
    wire::InstanceId marker;
    std::uint64_t marker_seq = 0;
    std::uint64_t answered = 0;
    std::size_t unmarked_bytes = 0;
  };

  void send(Line& line, std::string_view subject, std::span<const std::uint8_t> bytes);
  void mark(Line& line);
  void serve(int wait_ms);
  void wait_while_window_is_full(const Line& line);
  void wait_for_all();

  const Options options_;
  const Load load_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<SimulatedPublisher> publishers_;
  wire::Encoder encoder_;
  wire::Encoder marker_encoder_;
  std::uint64_t frames_in_all_ = 0;
};

}  // namespace weir::bench
