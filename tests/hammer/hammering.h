// One publisher that counts as fast as it is told, in several threads, until SIGTERM; the truth
// goes into its slots. Every increment is one of a counter, 0.5 of a counter in doubles, and one
// observation.
#pragma once

#include <weir/weir.h>

#include <cstddef>
#include <span>

#include "tests/hammer/truth.h"

namespace hammer {

struct Hammering {
  weir::NatsPublisherOptions publisher;
  double increments_per_second = 100'000;  // of each thread
  bool needs_sidecar = true;               // to end well; else only who had one must be answered
};

// One thread per slot. Returns after SIGTERM and the goodbye; whether that was acknowledged, or
// there was no sidecar to do so.
// REQUIRES: SIGTERM is blocked.
bool hammer_until_told(const Hammering& how, std::span<Slot> slots);

}  // namespace hammer
