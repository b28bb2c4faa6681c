// The frames of a node's publishers as they pass by: NATS for real, a fake in the tests.
// Single-threaded: only the thread of the audit calls this.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ctl/nats_probe.h"
#include "weir/status.h"

namespace weir::ctl {

class FrameFeed {
 public:
  virtual ~FrameFeed() = default;
  // The next frame; empty if none has come within that time. Valid until the next call.
  [[nodiscard]] virtual std::span<const std::uint8_t> next(std::chrono::milliseconds at_most) = 0;
  // Asks every publisher of the node for a keyframe, at a random moment within the spread.
  [[nodiscard]] virtual Status ask_for_keyframes(std::chrono::milliseconds spread) = 0;
};

// Listens from now on. An error says what NATS refuses.
[[nodiscard]] Result<std::unique_ptr<FrameFeed>> listen_to_node(const NatsTarget& target,
                                                                const std::string& node,
                                                                std::chrono::milliseconds timeout);

}  // namespace weir::ctl
