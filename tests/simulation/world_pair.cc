// A second sidecar of the node: both hear every publisher, and tell each other what they know.
#include <algorithm>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

// Each asks the other one once in 10 s, and what came of it is agreed on in the next answer.
constexpr std::int64_t kExchangesMs = 30'000;
constexpr std::int64_t kStepMs = 2500;

}  // namespace

Side& World::add_side() {
  const std::size_t index = sides_.size();
  sides_.push_back(std::make_unique<Side>(
      index, publishers_,
      [this, index](std::string_view subject, std::span<const std::uint8_t> bytes) {
        from_sidecar(*sides_[index], subject, bytes);
      },
      [this](std::uint32_t pid) { return pid < 100 || publishers_[pid - 100]->alive(); }, trace_));
  return *sides_.back();
}

// The first one begins anew, as one of a pair.
void World::second_sidecar() {
  add_side();
  kill(*sides_.front());
  for (const std::unique_ptr<Side>& side : sides_) {
    start_sidecar(*side);
  }
}

bool World::some_sidecar_runs() const {
  return std::any_of(sides_.begin(), sides_.end(),
                     [](const std::unique_ptr<Side>& side) { return side->sidecar.running(); });
}

void World::cut_off(Side& side) {
  side.cut_off = true;
  trace_.say(side.name, " is cut off and does not know");
}

// It was the only one who had what it had not told.
void World::lose_disk(Side& side) {
  kill(side);
  side.disk.lose_all();
  side.lost_life = side.sidecar.life();
  side.was_durable = side.nothing_is_missing = side.nothing_is_promised = false;
  trace_.say(side.name, "'s disk is lost");
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    publisher->account().disk_lost(side.index);
    if (publisher->cells_file().empty()) {
      publisher->excuse_cells_file();  // it may have been folded there
    }
  }
}

void World::tell_each_other() {
  live_for(kExchangesMs, kStepMs);
}

}  // namespace weir::simulation
