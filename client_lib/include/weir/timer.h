// Times a scope: observes the seconds between its construction and its end in a histogram.
// Single-threaded: one timer belongs to one thread. Reading the clock twice costs about 40 ns, so
// time what takes longer.
#pragma once

#include <chrono>

#include "weir/histogram.h"

namespace weir {

class Timer {
 public:
  explicit Timer(Histogram histogram) noexcept
      : histogram_(histogram), started_(std::chrono::steady_clock::now()) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Observes now instead of at the end of the scope; later calls do nothing.
  void stop() noexcept {
    if (running_) {
      running_ = false;
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
      histogram_.observe(elapsed.count());
    }
  }
  // Observes nothing.
  void cancel() noexcept { running_ = false; }

 private:
  Histogram histogram_;
  std::chrono::steady_clock::time_point started_;
  bool running_ = true;
};

}  // namespace weir
