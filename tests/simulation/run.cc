#include "tests/simulation/run.h"

#include <algorithm>
#include <exception>

#include "tests/simulation/world.h"

namespace weir::simulation {

std::optional<Violation> run(const std::vector<Action>& actions, Trace& trace) {
  try {
    World world(trace);
    for (const Action& action : actions) {
      world.act(action);
    }
    world.finish();
  } catch (const Violation& violation) {
    return violation;
  } catch (const std::exception& error) {
    return Violation{Invariant::kNoCrash, error.what()};
  }
  return std::nullopt;
}

std::optional<Violation> run(const std::vector<Action>& actions) {
  Trace silent;
  return run(actions, silent);
}

std::vector<Action> shrink(std::vector<Action> actions, Invariant invariant) {
  const auto still_fails = [invariant](const std::vector<Action>& fewer) {
    const std::optional<Violation> violation = run(fewer);
    return violation && violation->invariant == invariant;
  };
  for (std::size_t size = std::max<std::size_t>(1, actions.size() / 2);;) {
    bool changed = false;
    for (std::size_t at = 0; at < actions.size();) {
      std::vector<Action> fewer = actions;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, fewer.size() - at)));
      if (still_fails(fewer)) {
        actions = std::move(fewer);
        changed = true;
      } else {
        at += size;
      }
    }
    if (size == 1 && !changed) {
      return actions;
    }
    size = changed && size == 1 ? 1 : std::max<std::size_t>(1, size / 2);
  }
}

}  // namespace weir::simulation
