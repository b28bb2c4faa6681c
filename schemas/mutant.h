// The rules that a model of the protocol proved necessary, each with a switch that takes it away:
// the simulation must notice. Only tests/simulation is compiled with WEIR_MUTANTS; in the product
// every switch is a constant, and no code remains of it.
#pragma once

#include <cstdint>

namespace weir::mutant {

// Named after what is taken away. The numbers are those of the rules in docs/protocol.md.
enum class Rule : std::uint8_t {
  kNone = 0,
  kEndedRemembered = 1,        // a late frame of an ended instance is taken for a new one
  kLateFinalMerges = 2,        // what comes after the first goodbye is dropped
  kOnlyDeadCollapse = 3,       // a silent instance is taken for an ended one
  kKeyframeWantedIsState = 4,  // a keyframe is asked for once, and never again
  kRemovedKeepsItsId = 5,      // a removed series' id is given to the next new one
  kWrittenBeforeShown = 6,     // a scrape shows what no file has
  kTtlHidesOnly = 7,           // a series that leaves /metrics takes its total along
  kVisibleOnceLocked = 8,      // a cells file is seen before its lock is taken
  kSidecarDeletesCells = 9,    // an acknowledged goodbye deletes the cells file
  kGoodbyeAgain = 10,          // what is counted after the goodbye is not said
  kJournalFirst = 11,          // acknowledged and deleted first, journaled after
  kWholeSnapshots = 12,        // a pair hands over the retired totals alone
  kFileAwaited = 13,           // an instance is forgotten although its cells file stands
};

#ifdef WEIR_MUTANTS
extern Rule without;  // set by the simulation before a run
[[nodiscard]] inline bool lacks(Rule rule) {
  return without == rule;
}
#else
[[nodiscard]] constexpr bool lacks(Rule) {
  return false;
}
#endif

}  // namespace weir::mutant
