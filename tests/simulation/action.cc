#include "tests/simulation/action.h"

#include <array>

#include "tests/simulation/random.h"

namespace weir::simulation {
namespace {

struct Kind {
  ActionKind kind;
  std::string_view name;
  std::uint32_t weight;
  bool always = false;  // no seed leaves it out
};

constexpr std::array kKindTable = {
    Kind{ActionKind::kStartPublisher, "start publisher", 9, true},
    Kind{ActionKind::kCount, "count", 26, true},
    Kind{ActionKind::kRemove, "remove", 4},
    Kind{ActionKind::kFlush, "flush", 16, true},
    Kind{ActionKind::kTick, "tick", 10, true},
    Kind{ActionKind::kGoodbye, "goodbye", 8},
    Kind{ActionKind::kKill, "kill", 3},
    Kind{ActionKind::kDeliver, "deliver", 26, true},
    Kind{ActionKind::kDeliverAll, "deliver all", 8},
    Kind{ActionKind::kDeliverLater, "deliver later", 6},
    Kind{ActionKind::kDrop, "drop", 5},
    Kind{ActionKind::kDuplicate, "duplicate", 5},
    Kind{ActionKind::kCutLink, "cut link", 2},
    Kind{ActionKind::kMuteLink, "mute link", 2},
    Kind{ActionKind::kMendLink, "mend link", 4},
    Kind{ActionKind::kHole, "hole", 3},
    Kind{ActionKind::kNatsDown, "NATS down", 1},
    Kind{ActionKind::kNatsUp, "NATS up", 4},
    Kind{ActionKind::kStranger, "stranger", 2},
    Kind{ActionKind::kSidecarTick, "sidecar tick", 8},
    Kind{ActionKind::kScrape, "scrape", 10},
    Kind{ActionKind::kCommit, "commit", 10},
    Kind{ActionKind::kFold, "fold", 6},
    Kind{ActionKind::kCheckpoint, "checkpoint", 6},
    Kind{ActionKind::kSidecarKill, "sidecar kill", 2},
    Kind{ActionKind::kSidecarKillAt, "sidecar kill at", 3},
    Kind{ActionKind::kSidecarStop, "sidecar stop", 1},
    Kind{ActionKind::kSidecarStart, "sidecar start", 8},
    Kind{ActionKind::kPowerLoss, "power loss", 1},
    Kind{ActionKind::kDiskFull, "disk full", 1},
    Kind{ActionKind::kDiskFails, "disk fails", 1},
    Kind{ActionKind::kDiskMended, "disk mended", 4},
    Kind{ActionKind::kPass, "pass", 12},
    Kind{ActionKind::kLive, "live", 4},
    Kind{ActionKind::kSilence, "silence", 3},
    Kind{ActionKind::kClockSet, "clock set", 1},
};
static_assert(kKindTable.size() == static_cast<std::size_t>(ActionKind::kKinds));

constexpr std::uint64_t kPairEvery = 4;
constexpr std::uint32_t kPartsMore = 4;  // so much more often in the runs of a pair
constexpr std::array kLengths = {40u, 80u, 140u, 220u};

// What is heard by one of them alone, and when it is too late to hear it once more.
constexpr bool parts_a_pair(ActionKind kind) {
  return kind == ActionKind::kMuteLink || kind == ActionKind::kSilence ||
         kind == ActionKind::kKill || kind == ActionKind::kSidecarKill;
}

}  // namespace

std::string_view name_of(ActionKind kind) {
  if (kind == ActionKind::kSecondSidecar) {
    return "second sidecar";
  }
  return kKindTable[static_cast<std::size_t>(kind)].name;
}

std::vector<Action> generate(std::uint64_t seed) {
  Random random(seed);
  const bool is_pair = seed % kPairEvery == 0;
  std::array<std::uint32_t, kKindTable.size()> weights{};
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kKindTable.size(); ++i) {
    const bool dropped = random.below(4) == 0;
    weights[i] = dropped && !kKindTable[i].always ? 0 : kKindTable[i].weight;
    weights[i] *= is_pair && parts_a_pair(kKindTable[i].kind) ? kPartsMore : 1;
    sum += weights[i];
  }
  const auto number = [&random] { return static_cast<std::uint32_t>(random.next() >> 32); };
  std::vector<Action> actions(kLengths[random.below(kLengths.size())]);
  actions.front() = {ActionKind::kStartPublisher, number(), number()};
  for (std::size_t i = 1; i < actions.size(); ++i) {
    std::uint64_t at = random.below(sum);
    std::size_t chosen = 0;
    while (at >= weights[chosen]) {
      at -= weights[chosen++];
    }
    actions[i] = {kKindTable[chosen].kind, number(), number()};
  }
  if (is_pair) {
    actions.insert(actions.begin(), {ActionKind::kSecondSidecar, 0, 0});
  }
  return actions;
}

}  // namespace weir::simulation
