// What can happen next. A run is a list of actions that a seed generates; each is a kind and two
// random numbers, from which the world takes every choice within it. So a run that fails can be
// shrunk by leaving actions out. Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::simulation {

enum class ActionKind : std::uint8_t {
  // publishers
  kStartPublisher,
  kCount,
  kRemove,
  kFlush,
  kTick,
  kGoodbye,
  kKill,
  // the bus
  kDeliver,       // the oldest messages, in order
  kDeliverAll,    // all that are under way
  kDeliverLater,  // one that is not the oldest: messages overtake each other
  kDrop,
  kDuplicate,
  kCutLink,   // a publisher's connection ends, and it knows
  kMuteLink,  // it is silent, and nobody knows
  kMendLink,
  kHole,  // a flush is lost, and what is said about the hole as well
  kNatsDown,
  kNatsUp,
  kStranger,  // bytes that no publisher sent
  // the sidecar
  kSidecarTick,
  kScrape,
  kCommit,         // goodbyes that wait are written, and answered
  kFold,           // cells files of the dead are read
  kCheckpoint,     // if it is due
  kSidecarKill,    // between two operations
  kSidecarKillAt,  // within one of the next operations on the disk
  kSidecarStop,    // in order
  kSidecarStart,
  // the machine
  kPowerLoss,
  kDiskFull,
  kDiskFails,  // some kind of operation
  kDiskMended,
  // time
  kPass,           // up to two seconds, and nobody does anything
  kLive,           // some seconds, and everyone does what is due
  kSilence,        // minutes to days, and nobody is heard
  kClockSet,       // somebody sets the clock of the machine
  kKinds,          // how many there are
  kSecondSidecar,  // from now on there is a pair; only ever the first
};

[[nodiscard]] std::string_view name_of(ActionKind kind);

struct Action {
  ActionKind kind = ActionKind::kCount;
  std::uint32_t r1 = 0;
  std::uint32_t r2 = 0;
};

// The run of this seed: 40 to 220 actions; in every fourth there is a pair of sidecars. Each seed
// leaves some kinds out altogether (swarm testing: Groce and others, ISSTA 2012), since a fault
// that comes all the time hides others.
[[nodiscard]] std::vector<Action> generate(std::uint64_t seed);

}  // namespace weir::simulation
