// One run of a publisher, as the sidecar knows it: who it is, how it is, and what of its totals has
// been merged. Plain data; ingest/ and publishers/ work on it. Single-threaded: under the engine's
// lock.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "schemas/instance_id.h"
#include "sidecar/publishers/info.h"
#include "sidecar/publishers/unwritten.h"
#include "sidecar/registry/family.h"
#include "sidecar/registry/target.h"

namespace weir::sidecar {

// "A keyframe is wanted" is state, not a message: asked again, ever more seldom, until a whole
// keyframe newer than the last hole has arrived.
struct KeyframeWanted {
  bool wanted = false;
  std::uint64_t newer_than_seq = 0;
  std::int64_t ask_at_unix_ms = 0;
  std::int64_t backoff_ms = 0;
};

// A keyframe whose parts have not all arrived: the raw frames, in order.
struct PendingKeyframe {
  std::uint64_t first_seq = 0;
  std::vector<std::vector<std::uint8_t>> parts;
  std::size_t bytes = 0;

  std::int64_t begun_unix_ms = 0;

  void clear() { *this = {}; }
};

// A histogram of an instance: where it counts, and where its applied totals lie.
struct InstanceHistogram {
  std::uint32_t value = kNone;   // index of Registry::histograms()
  std::uint32_t bounds = kNone;  // index of Instance::bounds
  std::uint32_t applied = 0;     // first of `buckets` entries of applied_buckets
  std::uint32_t buckets = 0;     // with the +Inf bucket
  double applied_sum = 0;
};

// What an instance announced of a family. Each of many publishers has one for each of its families.
struct InstanceFamily {
  std::uint32_t family = kNone;                   // index of the registry's family; kNone: none
  std::uint32_t bounds = kNone;                   // index of Instance::bounds; kNone: no histogram
  std::shared_ptr<const LabelNames> label_names;  // null: not announced
  bool refused = false;
};

// The bounds of a histogram's family as the instance declared them, and how their buckets map onto
// the layout that was in force when the last frame was merged.
struct InstanceBounds {
  std::shared_ptr<const BucketLayout> own;
  std::shared_ptr<const BucketLayout> folded;
  std::vector<std::uint16_t> fold;  // empty: the two agree
};

struct Instance {
  wire::InstanceId id;
  std::string subject;  // the one it publishes on
  std::string node;     // from the subject; the identity agrees
  std::string service;
  bool identified = false;  // a keyframe has come
  std::uint32_t pid = 0;
  std::uint64_t pid_namespace = 0;
  std::string client_version;
  std::string client_language;
  std::int64_t heartbeat_interval_ms = 5000;
  std::vector<std::pair<std::string, std::string>> constant_labels;
  bool service_label = true;
  bool cells_file = false;  // its totals also live in a file, which is folded when it is dead,
  bool folded = false;      // as this one's has been
  // Its file was looked for since it was last heard, and is not there. Not stored: looked for
  // again.
  bool cells_gone = false;
  std::int64_t cells_settled_unix_ms =
      0;  // since when one of the two is so; 0: never, or not known

  // From the state directory or another sidecar, alive then, and not heard since.
  bool restored = false;
  bool retired = false;  // no publisher: the totals of those of its service that are forgotten

  InstanceState state = InstanceState::kStarting;
  std::int64_t state_since_unix_ms = 0;
  std::int64_t last_seen_unix_ms = 0;
  std::int64_t* service_last_seen_unix_ms = nullptr;  // of the ServiceLog; null: not looked up yet
  Contributor contributor;  // its start; whether its readings are withdrawn
  bool showing = true;      // showing.h, set_showing()
  bool ended = false;       // exited or crashed: its tables stay until no late frame of it can live

  std::uint64_t last_seq = 0;
  std::uint64_t stated_seq = 0;  // last frame of the newest keyframe or goodbye merged whole
  // What frames up to this one state, another sidecar had (or not: frames get lost): they may be
  // older than what was merged.
  std::uint64_t told_seq = 0;
  bool peer_agreed = false;  // the other sidecar has the same totals, and it is dead there, too
  std::uint64_t frames = 0;
  KeyframeWanted keyframe;
  PendingKeyframe pending;
  std::string last_refusal;
  std::int64_t last_refusal_unix_ms = 0;

  // By local id. `targets` and `applied` have one length; `series` too.
  std::vector<Target> targets;
  std::vector<std::uint64_t> applied;        // a counter's total (a double's bits) as last merged
  std::vector<std::uint32_t> series;         // index of the registry's series
  std::vector<InstanceFamily> families;      // by the publisher's family id
  std::vector<std::uint32_t> series_family;  // by local id, of the retired: the family's id
  std::vector<InstanceBounds> bounds;
  std::vector<InstanceHistogram> histograms;
  std::vector<std::uint64_t> applied_buckets;
  std::uint64_t series_count = 0;
  Unwritten unwritten;

  // Integer counts and observations: as the publisher says it made them, as merged here, and as
  // refused with their family.
  std::uint64_t increments_published = 0;
  std::uint64_t increments_applied = 0;
  std::uint64_t increments_refused = 0;

  [[nodiscard]] bool is_alive() const { return !ended && state != InstanceState::kLost; }
};

}  // namespace weir::sidecar
