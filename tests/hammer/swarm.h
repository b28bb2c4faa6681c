// Many short lives: processes that hammer for a while, end, and are replaced at once. A part of
// them is killed instead of asked.
#pragma once

#include <cstdint>
#include <span>

#include "tests/hammer/hammering.h"

namespace hammer {

struct Swarm {
  std::int64_t life_ms_min = 500;
  std::int64_t life_ms_max = 3000;
  double killed_part = 0;
  std::uint64_t seed = 1;
};

// One process per slot at a time, each with one thread. After SIGTERM no more are started, and all
// are asked to end. Answers how many goodbyes were not acknowledged.
// REQUIRES: SIGTERM is blocked; this process has no other thread.
int keep_swarming(const Swarm& swarm, const Hammering& how, std::span<Slot> slots);

}  // namespace hammer
