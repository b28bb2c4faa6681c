#include "tests/simulation/world.h"

#include "tests/simulation/clock.h"
#include "tests/simulation/violation.h"

namespace weir::simulation {

World::World(Trace& trace) : trace_(trace) {
  set_system_clock(now().unix_ms);
  start_sidecar(add_side());
}

World::~World() = default;

void World::act(const Action& action) {
  switch (action.kind) {
    case ActionKind::kStartPublisher:
      return start_publisher(action);
    case ActionKind::kCount:
      return count(action);
    case ActionKind::kRemove:
      return remove(action);
    case ActionKind::kFlush:
      return flush(action);
    case ActionKind::kTick:
      return tick(action);
    case ActionKind::kGoodbye:
      return goodbye(action);
    case ActionKind::kKill:
      return kill(action);
    case ActionKind::kDeliver:
      return deliver(action);
    case ActionKind::kDeliverAll:
      return deliver_all(action);
    case ActionKind::kDeliverLater:
      return deliver_later(action);
    case ActionKind::kDrop:
      return drop(action);
    case ActionKind::kDuplicate:
      return duplicate(action);
    case ActionKind::kCutLink:
      return cut_link(action);
    case ActionKind::kMuteLink:
      return mute_link(action);
    case ActionKind::kMendLink:
      return mend_link(action);
    case ActionKind::kHole:
      return hole(action);
    case ActionKind::kNatsDown:
      return nats_down(action);
    case ActionKind::kNatsUp:
      return nats_up(action);
    case ActionKind::kStranger:
      return stranger(action);
    case ActionKind::kSidecarTick:
      return sidecar_tick(action);
    case ActionKind::kScrape:
      return scrape(action);
    case ActionKind::kCommit:
      return commit(action);
    case ActionKind::kFold:
      return fold(action);
    case ActionKind::kCheckpoint:
      return checkpoint(action);
    case ActionKind::kSidecarKill:
      return sidecar_kill(action);
    case ActionKind::kSidecarKillAt:
      return sidecar_kill_at(action);
    case ActionKind::kSidecarStop:
      return sidecar_stop(action);
    case ActionKind::kSidecarStart:
      return sidecar_start(action);
    case ActionKind::kPowerLoss:
      return power_loss(action);
    case ActionKind::kDiskFull:
      return disk_full(action);
    case ActionKind::kDiskFails:
      return disk_fails(action);
    case ActionKind::kDiskMended:
      return disk_mended(action);
    case ActionKind::kPass:
      return pass(action);
    case ActionKind::kLive:
      return live(action);
    case ActionKind::kSilence:
      return silence(action);
    case ActionKind::kClockSet:
      return clock_set(action);
    case ActionKind::kSecondSidecar:
      return second_sidecar();
    case ActionKind::kKinds:
      return;
  }
}

}  // namespace weir::simulation
