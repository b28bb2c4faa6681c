// One run from its seed, and what is left of it when it fails. Single-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/action.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/violation.h"

namespace weir::simulation {

// What was violated, if anything was.
[[nodiscard]] std::optional<Violation> run(const std::vector<Action>& actions, Trace& trace);
[[nodiscard]] std::optional<Violation> run(const std::vector<Action>& actions);

// The actions without which the same invariant still does not hold are left out.
[[nodiscard]] std::vector<Action> shrink(std::vector<Action> actions, Invariant invariant);

}  // namespace weir::simulation
