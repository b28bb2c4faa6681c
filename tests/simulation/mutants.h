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
    Mutant{mutant::Rule::kEndedRemembered, "ended-remembered", 6'000},
    Mutant{mutant::Rule::kLateFinalMerges, "late-final-merges", 6'000},
    Mutant{mutant::Rule::kOnlyDeadCollapse, "only-dead-collapse", 6'000},
    Mutant{mutant::Rule::kKeyframeWantedIsState, "keyframe-wanted-is-state", 6'000},
    Mutant{mutant::Rule::kRemovedKeepsItsId, "removed-keeps-its-id", 6'000},
    Mutant{mutant::Rule::kWrittenBeforeShown, "written-before-shown", 6'000},
    Mutant{mutant::Rule::kTtlHidesOnly, "ttl-hides-only", 6'000},
    Mutant{mutant::Rule::kVisibleOnceLocked, "visible-once-locked", 6'000},
    Mutant{mutant::Rule::kSidecarDeletesCells, "sidecar-deletes-cells", 6'000},
    Mutant{mutant::Rule::kGoodbyeAgain, "goodbye-again", 6'000},
    Mutant{mutant::Rule::kJournalFirst, "journal-first", 6'000},
    Mutant{mutant::Rule::kWholeSnapshots, "whole-snapshots", 6'000},
    Mutant{mutant::Rule::kFileAwaited, "file-awaited", 6'000},
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
