// The rules that can be taken away (schemas/mutant.h), by name. Thread-safe: constants.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/mutant.h"

namespace weir::simulation {

struct Mutant {
  mutant::Rule rule;
  std::string_view name;
  std::uint64_t seeds_max;  // within which it must be noticed
};

inline constexpr std::array kMutants = {
    Mutant{mutant::Rule::kEndedRemembered, "ended-remembered", 20'000},
    Mutant{mutant::Rule::kLateFinalMerges, "late-final-merges", 20'000},
    Mutant{mutant::Rule::kOnlyDeadCollapse, "only-dead-collapse", 20'000},
    Mutant{mutant::Rule::kKeyframeWantedIsState, "keyframe-wanted-is-state", 20'000},
    Mutant{mutant::Rule::kRemovedKeepsItsId, "removed-keeps-its-id", 20'000},
    Mutant{mutant::Rule::kWrittenBeforeShown, "written-before-shown", 20'000},
    Mutant{mutant::Rule::kTtlHidesOnly, "ttl-hides-only", 20'000},
    Mutant{mutant::Rule::kVisibleOnceLocked, "visible-once-locked", 20'000},
    Mutant{mutant::Rule::kSidecarDeletesCells, "sidecar-deletes-cells", 20'000},
    Mutant{mutant::Rule::kGoodbyeAgain, "goodbye-again", 20'000},
    Mutant{mutant::Rule::kJournalFirst, "journal-first", 20'000},
    Mutant{mutant::Rule::kWholeSnapshots, "whole-snapshots", 20'000},
};

// Nothing if there is none of this name.
[[nodiscard]] inline std::optional<Mutant> find_mutant(std::string_view name) {
  for (const Mutant& mutant : kMutants) {
    if (mutant.name == name) {
      return mutant;
    }
  }
  return std::nullopt;
}

}  // namespace weir::simulation
