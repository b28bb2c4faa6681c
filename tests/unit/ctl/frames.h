// Publishers of the tests: real frames of a real registry, kept until the test takes them.
// Single-threaded: only the test calls this.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "client_lib/src/frame_source.h"
#include "weir/registry.h"

namespace weir::ctl {

using Bytes = std::vector<std::uint8_t>;

class TestPublisher : public FrameSink {
 public:
  explicit TestPublisher(std::uint64_t number, std::string service = "shop")
      : source_(registry.core(), {.node = "n", .service = std::move(service)}, {1, number}) {}

  void frame(const wire::Frame&, std::span<const std::uint8_t> bytes) override {
    made.emplace_back(bytes.begin(), bytes.end());
  }
  void keyframe(wire::Kind kind = wire::Kind::kKeyframe, std::size_t bytes_max = 1 << 20) {
    (void)source_.keyframe(kind, 0, bytes_max, *this);
  }
  void delta() { (void)source_.delta(0, 1 << 20, *this); }
  void heartbeat() { source_.heartbeat(0, *this); }

  [[nodiscard]] std::uint64_t seq() const { return source_.seq(); }
  [[nodiscard]] std::string id() const { return source_.instance().to_string(); }

  Registry registry;
  std::deque<Bytes> made;

 private:
  FrameSource source_;
};

}  // namespace weir::ctl
