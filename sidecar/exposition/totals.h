// What the sidecar has merged of every instance, and what it adds up to: for an audit. Integer
// counters and observations of histograms alone; gauges and external counters have no sum, and
// doubles none that must agree to the last digit.
// Thread-compatible: plain values; take_totals() runs under the engine's lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sidecar/publishers/info.h"

namespace weir::sidecar {

class Directory;
class Registry;
class Retirement;

using FamilyTotals = std::map<std::string, std::uint64_t>;  // by family name

struct InstanceTotals {
  std::string instance;
  std::string node;
  std::string service;
  InstanceState state = InstanceState::kStarting;
  std::uint64_t seq = 0;  // all that follows is as of this frame
  std::uint64_t increments_published = 0;
  std::uint64_t increments_applied = 0;
  std::uint64_t increments_refused = 0;
  FamilyTotals families;  // what of it is in the sums
};

struct TotalsReport {
  std::vector<InstanceTotals> instances;  // living, lost and ended ones
  FamilyTotals retired;                   // of those that are forgotten
  FamilyTotals families;                  // the sums themselves, shown at the moment or not
};

// The sums are read from the registry and the parts from the instances: that they agree is for the
// reader to see. Of the sidecar's own metrics nothing is said.
[[nodiscard]] TotalsReport take_totals(const Registry& registry, const Directory& directory,
                                       const Retirement& retirement);

}  // namespace weir::sidecar
