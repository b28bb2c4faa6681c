#include "tests/simulation/world.h"

#include <array>

#include "tests/simulation/clock.h"
#include "tests/simulation/violation.h"

namespace weir::simulation {

World::World(Trace& trace)
    : trace_(trace),
      sidecar_([this](std::string_view subject,
                      std::span<const std::uint8_t> bytes) { from_sidecar(subject, bytes); },
               [this](std::uint32_t pid) { return pid < 100 || publishers_[pid - 100]->alive(); }) {
  set_system_clock(now().unix_ms);
  start_sidecar();
}

World::~World() = default;

World::Step World::step_of(ActionKind kind) {
  static constexpr std::array kSteps = {
      &World::start_publisher,
      &World::count,
      &World::remove,
      &World::flush,
      &World::tick,
      &World::goodbye,
      &World::kill,
      static_cast<Step>(&World::deliver),
      &World::deliver_all,
      &World::deliver_later,
      &World::drop,
      &World::duplicate,
      &World::cut_link,
      &World::mute_link,
      &World::mend_link,
      &World::nats_down,
      &World::nats_up,
      &World::stranger,
      &World::sidecar_tick,
      &World::scrape,
      &World::sidecar_kill,
      &World::sidecar_start,
      &World::pass,
      &World::live,
      &World::silence,
      &World::clock_set,
  };
  static_assert(kSteps.size() == static_cast<std::size_t>(ActionKind::kKinds));
  return kSteps[static_cast<std::size_t>(kind)];
}

void World::act(const Action& action) {
  (this->*step_of(action.kind))(action);
}

}  // namespace weir::simulation
