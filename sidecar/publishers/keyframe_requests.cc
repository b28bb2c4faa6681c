#include "sidecar/publishers/keyframe_requests.h"

#include <algorithm>

#include "schemas/mutant.h"

namespace weir::sidecar {

void KeyframeRequests::want(Instance& instance, std::uint64_t hole_seq, std::int64_t now_unix_ms) {
  KeyframeWanted& keyframe = instance.keyframe;
  keyframe.newer_than_seq = std::max(keyframe.newer_than_seq, hole_seq);
  if (!keyframe.wanted) {
    keyframe.wanted = true;
    keyframe.ask_at_unix_ms = now_unix_ms;
    keyframe.backoff_ms = rules_.backoff_first_ms;
  }
}

void KeyframeRequests::satisfy(Instance& instance, std::uint64_t first_seq) {
  if (first_seq > instance.keyframe.newer_than_seq) {
    instance.keyframe = {};
  }
}

void KeyframeRequests::refill(std::int64_t now_unix_ms) {
  const std::int64_t elapsed_ms = std::max<std::int64_t>(0, now_unix_ms - refilled_unix_ms_);
  refilled_unix_ms_ = now_unix_ms;
  tokens_ = std::min(rules_.burst_max,
                     tokens_ + static_cast<double>(elapsed_ms) * rules_.per_second_max / 1000.0);
}

bool KeyframeRequests::take(Instance& instance, std::int64_t now_unix_ms) {
  KeyframeWanted& keyframe = instance.keyframe;
  if (!keyframe.wanted || now_unix_ms < keyframe.ask_at_unix_ms) {
    return false;
  }
  refill(now_unix_ms);
  if (tokens_ < 1) {
    return false;
  }
  tokens_ -= std::max(1.0, static_cast<double>(instance.series_count) / rules_.series_per_token);
  if (mutant::lacks(mutant::Rule::kKeyframeWantedIsState)) {
    keyframe.wanted = false;
  }
  // Up to a quarter of jitter, so that those that were lost together are not asked together for
  // ever.
  std::uniform_int_distribution<std::int64_t> jitter(0, keyframe.backoff_ms / 4);
  keyframe.ask_at_unix_ms = now_unix_ms + keyframe.backoff_ms + jitter(random_);
  keyframe.backoff_ms = std::min(keyframe.backoff_ms * 2, rules_.backoff_max_ms);
  return true;
}

}  // namespace weir::sidecar
