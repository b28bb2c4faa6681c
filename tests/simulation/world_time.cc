// How time passes.
#include <algorithm>
#include <array>

#include "tests/simulation/clock.h"
#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
// Past a heartbeat, a lease, the readings' time, the late frames', series_ttl, forget_after.
constexpr std::array kSilencesMs = {6 * kSecondMs,  20 * kSecondMs, 6 * kMinuteMs,
                                    15 * kMinuteMs, 2 * kHourMs,    25 * kHourMs};
constexpr std::int64_t kTablesKeptMs = 10 * kMinuteMs;
constexpr std::int64_t kSweepMs =
    11 * kSecondMs;  // a little more than between two of the sidecar's

}  // namespace

void World::advance(std::int64_t milliseconds) {
  steady_ms_ += milliseconds;
  for (const std::unique_ptr<Side>& side : sides_) {
    side->sidecar.pass(milliseconds);
  }
  set_system_clock(now().unix_ms);
}

void World::pass(const Action& action) {
  advance(action.r1 % (action.r2 % 4 == 0 ? 2000 : 150));
}

void World::live(const Action& action) {
  const std::int64_t milliseconds = 1000 + action.r1 % 20'000;
  trace_.say(milliseconds, " ms of life");
  live_for(milliseconds, 1000);
}

// Everyone does what is due. No step is so long that a lease ends in it.
void World::live_for(std::int64_t milliseconds, std::int64_t step_ms) {
  quiet_ = true;
  for (std::int64_t passed = 0; passed < milliseconds; passed += step_ms) {
    advance(step_ms);
    for (const std::unique_ptr<Publisher>& publisher : publishers_) {
      if (publisher->alive()) {
        publisher->tick(now());
        see_if_ended(*publisher);
      }
    }
    drain();
    for (const std::unique_ptr<Side>& side : sides_) {
      do_what_is_due(*side);
    }
    drain();
  }
  quiet_ = false;
}

// Two sidecars that were apart for the longest one are not promised to agree again.
std::size_t World::some_silence(const Action& action) const {
  if (is_pair()) {
    return action.r1 % (kSilencesMs.size() - 1);
  }
  // The longest ones are rarer: after them little of what was is left.
  return std::min(action.r1 % kSilencesMs.size(), action.r2 % kSilencesMs.size());
}

void World::silence(const Action& action) {
  const std::size_t which = some_silence(action);
  trace_.say("nobody is heard for ", kSilencesMs[which] / kSecondMs, " s");
  advance(kSilencesMs[which]);
  for (int turn = 0; turn < 3; ++turn) {
    advance(kSweepMs);
    for (const std::unique_ptr<Side>& side : sides_) {
      do_what_is_due(*side);
    }
  }
  if (kSilencesMs[which] > kTablesKeptMs) {
    held_back_.reset();
    bus_.lose_all();  // no message is under way for so long
    release_what_may_be_forgotten();
  }
}

// A removed series keeps its total as long as the tables of an instance that had it, and no longer.
void World::release_what_may_be_forgotten() {
  for (std::size_t service = 0; service < kServices; ++service) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      const Key key = Key::of(i);
      bool removed = false;
      bool shows = false;
      for (const std::unique_ptr<Publisher>& publisher : publishers_) {
        if (publisher->traits().service == service) {
          removed |= publisher->has_removed(key);
          shows |= publisher->shows(key);
        }
      }
      if (!removed || shows) {
        continue;
      }
      for (const std::unique_ptr<Side>& side : sides_) {
        side->shown.forget(service, key);
      }
      for (const std::unique_ptr<Publisher>& publisher : publishers_) {
        if (publisher->traits().service == service && !publisher->alive()) {
          publisher->account().released(key);
        }
      }
    }
  }
}

void World::clock_set(const Action& action) {
  const std::int64_t by_ms = (static_cast<std::int64_t>(action.r1 % 7200) - 3600) * kSecondMs;
  clock_offset_ms_ += by_ms;
  set_system_clock(now().unix_ms);
  trace_.say("the clock is set by ", by_ms / kSecondMs, " s");
}

}  // namespace weir::simulation
