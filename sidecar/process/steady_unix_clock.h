// Unix time that never goes back: the system clock's reading at the start, carried on by the
// monotonic clock. Leases and ages must not follow a clock that someone sets.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::sidecar {

class SteadyUnixClock {
 public:
  [[nodiscard]] std::int64_t now_ms() const {
    const auto passed = std::chrono::steady_clock::now() - started_steady_;
    return std::chrono::duration_cast<std::chrono::milliseconds>(started_system_ + passed).count();
  }

 private:
  std::chrono::system_clock::duration started_system_ =
      std::chrono::system_clock::now().time_since_epoch();
  std::chrono::steady_clock::time_point started_steady_ = std::chrono::steady_clock::now();
};

}  // namespace weir::sidecar
