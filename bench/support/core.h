// The sidecar's engine without sockets, files or threads, for measurements in process: a clock that
// is set by hand, and nobody to talk to. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sidecar/engine.h"

namespace weir::bench {

class Core {
 public:
  explicit Core(const std::string& node) {
    sidecar::EngineOptions options;
    options.node = node;
    options.zero_first = false;
    engine_ = std::make_unique<sidecar::Engine>(
        std::move(options), nobody_, [this] { return now_unix_ms; },
        [](std::uint32_t, std::uint64_t, std::int64_t) { return true; }, 1);
    sidecar::LinkStatus link;
    link.connected = true;
    engine_->set_link(link);
  }
  [[nodiscard]] sidecar::Engine& engine() { return *engine_; }

  std::int64_t now_unix_ms = 1'900'000'000'000;  // later than what publishers say of themselves

 private:
  class Nobody final : public sidecar::ControlSink {
    void send(std::string_view, std::span<const std::uint8_t>) override {}
  };
  Nobody nobody_;
  std::unique_ptr<sidecar::Engine> engine_;
};

}  // namespace weir::bench
