// When to ask publishers for keyframes: per instance with back-off and jitter, over all of them
// with a token bucket, so that ten thousand publishers that return at once can not make a storm.
// Totals are absolute: there is no hurry. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>
#include <random>

#include "sidecar/publishers/instance.h"

namespace weir::sidecar {

class KeyframeRequests {
 public:
  struct Rules {
    std::int64_t backoff_first_ms = 500;
    std::int64_t backoff_max_ms = 30'000;
    double per_second_max = 1000;
    double burst_max = 200;
    // One token asks for a keyframe of so many series: few large ones are as many bytes as many
    // small ones.
    double series_per_token = 1000;
  };

  KeyframeRequests(Rules rules, std::uint64_t seed)
      : rules_(rules), random_(seed), tokens_(rules.burst_max) {}

  // A hole up to and including `hole_seq`: only a keyframe that began after it heals it.
  void want(Instance& instance, std::uint64_t hole_seq, std::int64_t now_unix_ms);
  // A whole keyframe that began with this seq was merged.
  static void satisfy(Instance& instance, std::uint64_t first_seq);
  // Whether to ask now; if so, the back-off has been advanced and a token taken.
  [[nodiscard]] bool take(Instance& instance, std::int64_t now_unix_ms);

 private:
  void refill(std::int64_t now_unix_ms);

  Rules rules_;
  std::mt19937_64 random_;
  double tokens_;  // below 0: a large keyframe is paid off
  std::int64_t refilled_unix_ms_ = 0;
};

}  // namespace weir::sidecar
