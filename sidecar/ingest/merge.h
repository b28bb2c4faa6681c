// Adds the totals of one frame to the registry: the hot path. No string, no hash, no allocation, no
// lock per sample. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/frame.h"
#include "sidecar/publishers/instance.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

// What a merge could not do. None of it half-applies a sample.
struct MergeResult {
  std::uint64_t samples = 0;
  std::uint64_t undefined = 0;  // never announced here: a definition was lost; a keyframe is needed
  std::uint64_t regressed = 0;  // a total below the one before it, within one instance
  std::uint64_t mismatched = 0;  // a sample of another kind than its series
  std::uint64_t refused = 0;     // of series that were refused when they were announced

  // Of integer counters and histograms: what was added, and what of refused series was not.
  std::uint64_t increments = 0;
  std::uint64_t increments_refused = 0;
};

enum class MergeMode : std::uint8_t {
  kInOrder,  // frames of a publisher, each newer than the one before
  kMaximum,  // statements of whatever age: what is newer counts
};

MergeResult merge_totals(const wire::Frame& frame, Instance& instance, Registry& registry,
                         MergeMode mode = MergeMode::kInOrder);

}  // namespace weir::sidecar
