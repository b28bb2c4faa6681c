// What merging of every kind does: finding where a sample goes, and counting what could not be
// merged. Single-threaded: under the engine's lock.
#pragma once

#include "sidecar/ingest/merge.h"

namespace weir::sidecar {

// Where a sample's id leads; ids past the table were never announced.
inline Target target_of(const Instance& instance, std::uint32_t id) {
  return id < instance.targets.size() ? instance.targets[id] : Target{};
}

inline void count_odd(Target target, MergeResult& result) {
  switch (target.kind()) {
    case TargetKind::kUndefined:
      ++result.undefined;
      break;
    case TargetKind::kRefused:
      ++result.refused;
      break;
    default:
      ++result.mismatched;
  }
}

// The applied total of a refused counter is what was counted as refused.
inline void refuse_increments(std::uint64_t& counted, std::uint64_t total, MergeResult& result) {
  if (total > counted) {
    result.increments_refused += total - counted;
    counted = total;
  }
}

// False, and nothing changed, if the sum would leave the range of a double: a hostile total must
// not make a NaN of what others have counted.
inline bool replace_in(ExactSum& sum, double applied, double total) {
  ExactSum next = sum;
  next.replace(applied, total);
  if (!next.is_finite()) [[unlikely]] {
    return false;
  }
  sum = next;
  return true;
}

}  // namespace weir::sidecar
