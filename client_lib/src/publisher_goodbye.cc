// The end of a publisher: its last totals, said until they are acknowledged. The part of
// PublisherCore that the destructor of a publisher waits for.
#include <algorithm>
#include <string>
#include <utility>

#include "publisher_core.h"
#include "schemas/mutant.h"

namespace weir {
namespace {

constexpr std::int64_t kGoodbyesPerTimeout = 3;
constexpr std::int64_t kGoodbyeAgainMinMs = 2;

}  // namespace

void PublisherCore::begin_goodbye(Instant now) {
  if (phase_ != Phase::kRunning) {
    return;
  }
  phase_ = Phase::kGoodbye;
  goodbye_deadline_ms_ = now.steady_ms + settings_.goodbye_timeout_ms;
  goodbye_again_ms_ = now.steady_ms;
}

void PublisherCore::goodbye_step(Instant now) {
  if (phase_ != Phase::kGoodbye) {
    return;
  }
  const bool answered = source_->farewell() == Farewell::kAnswered;
  // Rule 10: what was counted since the goodbye that was acknowledged is said in another one.
  const bool all_said =
      answered && (mutant::lacks(mutant::Rule::kGoodbyeAgain) || !source_->totals_moved());
  if (all_said) {
    counts_.goodbye_acknowledged = true;
    if (mutant::lacks(mutant::Rule::kSidecarDeletesCells)) {
      registry_.withdraw_cells();
    }
    finish(counts_.goodbye_durable
               ? "stopped, the sidecar has the last totals on disk"
               : "stopped, the sidecar has acknowledged the last totals, and keeps them in memory");
    return;
  }
  if (now.steady_ms >= goodbye_deadline_ms_) {
    finish("stopped, the sidecar did not acknowledge the last totals within " +
           std::to_string(settings_.goodbye_timeout_ms) + " ms");
    return;
  }
  if (!listening_) {
    if (transport_.link() == Transport::Link::kDown && !was_heard_) {
      finish("stopped, was never connected: " + transport_.why_down());
    }
    return;
  }
  if (answered && source_->owes_formers_goodbye()) {
    renew(now, true);  // what was counted since that goodbye is our own to say
    if (!listening_) {
      return;
    }
  }
  if (answered || now.steady_ms >= goodbye_again_ms_) {
    say_goodbye(now);
  }
}

void PublisherCore::say_goodbye(Instant now) {
  registry_.run_export_callbacks();
  frame_failed_ = false;
  request_next_frame_ = true;
  (void)source_->keyframe(wire::Kind::kGoodbye, now.unix_ms, frame_bytes_max(), *this);
  request_next_frame_ = false;
  counts_.goodbye_durable = counts_.goodbye_durable && source_->farewell() == Farewell::kAnswered;
  counts_.keyframes_sent += frame_failed_ ? 0 : 1;
  goodbye_again_ms_ = now.steady_ms + std::max(settings_.goodbye_timeout_ms / kGoodbyesPerTimeout,
                                               kGoodbyeAgainMinMs);
}

void PublisherCore::finish(std::string reason) {
  phase_ = Phase::kFinished;
  state_ = PublisherState::kStopped;
  counts_.undelivered_increments = source_->undelivered();
  reason_ = std::move(reason);
  if (counts_.undelivered_increments > 0) {
    reason_ += "; up to " + std::to_string(counts_.undelivered_increments) +
               " increments were not delivered";
    // The sidecar alone deletes that file: what is in it is late, not lost.
    if (const std::string file = registry_.cells().file; !file.empty()) {
      reason_ += ", and stay in " + file + " for a sidecar to find";
    }
  }
}

}  // namespace weir
