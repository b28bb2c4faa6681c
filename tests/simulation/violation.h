// What ends a run: an invariant did not hold.
#pragma once

#include <string>
#include <utility>

namespace weir::simulation {

// The names of docs/protocol.md's promises, as a failure prints them.
enum class Invariant {
  kNeverLost,    // at rest: not less than what was counted
  kNeverDouble,  // at any time: not more than what was counted
  kNeverDown,    // from scrape to scrape
  kWhole,        // a histogram: count, buckets and sum belong together
  kAccounted,    // every frame ends in exactly one counter; none of ours is refused
  kHeard,        // at rest every living publisher has been heard
  kNoCrash,
};

[[nodiscard]] inline const char* name_of(Invariant invariant) {
  switch (invariant) {
    case Invariant::kNeverLost:
      return "LOST";
    case Invariant::kNeverDouble:
      return "DOUBLE";
    case Invariant::kNeverDown:
      return "DOWN";
    case Invariant::kWhole:
      return "TORN HISTOGRAM";
    case Invariant::kAccounted:
      return "UNACCOUNTED";
    case Invariant::kHeard:
      return "UNHEARD";
    case Invariant::kNoCrash:
      return "CRASH";
  }
  return "?";
}

struct Violation {
  Invariant invariant;
  std::string detail;
};

}  // namespace weir::simulation
