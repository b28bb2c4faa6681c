// A message from NATS becomes totals in the registry, or a refusal with a reason. The order:
// verify, whose is it, is it new, what does it announce, add it up, answer. Single-threaded: under
// the engine's lock.
//
// Every frame received ends in exactly one of FrameCounts' counters: applied, duplicate, refused.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/codec.h"
#include "schemas/subjects.h"
#include "sidecar/ingest/definitions.h"
#include "sidecar/ingest/merge.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/keyframe_requests.h"

namespace weir::sidecar {

// The way back to the publishers. Implemented over NATS, and by the simulation.
class ControlSink {
 public:
  virtual ~ControlSink() = default;
  virtual void send(std::string_view subject, std::span<const std::uint8_t> bytes) = 0;
};

struct FrameCounts {
  std::uint64_t received = 0;
  std::uint64_t bytes = 0;
  std::uint64_t applied = 0;
  std::uint64_t duplicate = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(wire::Reason::kCount)> refused{};
  std::uint64_t pending = 0;  // parts of keyframes that are not whole yet: not decided

  std::uint64_t samples = 0;
  std::uint64_t gaps = 0;
  std::uint64_t keyframes_asked = 0;
  std::uint64_t regressed_samples = 0;
  std::uint64_t mismatched_samples = 0;
  std::uint64_t refused_series = 0;
  std::uint64_t rebases = 0;
  std::uint64_t folded = 0;  // cells files of dead publishers, merged as their goodbye

  // Integer counts and observations, of all publishers since this sidecar started.
  std::uint64_t increments_published = 0;
  std::uint64_t increments_applied = 0;
  std::uint64_t increments_refused = 0;

  [[nodiscard]] std::uint64_t refused_total() const;
};

struct IngestRules {
  DefinitionRules definitions;
  std::string sender;  // this sidecar's name in what it sends
  std::string subject_prefix{wire::kDefaultSubjectPrefix};
  std::size_t keyframe_bytes_max = 256u << 20;  // of one keyframe's parts together
  std::size_t pending_bytes_max = 512u << 20;   // of all that are not whole yet
  KeyframeRequests::Rules keyframe_requests;
};

class Ingest {
 public:
  Ingest(IngestRules rules, Registry& registry, Directory& directory, ControlSink& control,
         std::uint64_t seed);

  // `reply` is empty if no answer is wanted. False: refused.
  bool receive(std::string_view subject, std::string_view reply,
               std::span<const std::uint8_t> bytes, std::int64_t now_unix_ms);
  // Asks again where a keyframe is still missing; gives up those whose parts do not come. Before
  // Directory::tick(), which may drop instances that wait for parts.
  void tick(std::int64_t now_unix_ms);

  // From now on goodbyes are not answered here: take_finals() hands them out, to be written first.
  void wait_for_disk() { waits_for_disk_ = true; }
  struct Final {
    wire::InstanceId instance;
    std::string reply;  // empty: nobody waits
    std::uint64_t seq = 0;
  };
  [[nodiscard]] std::vector<Final> take_finals() { return std::exchange(finals_, {}); }
  [[nodiscard]] bool has_finals() const { return !finals_.empty(); }
  void answer(const Final& final, bool durable);

  // An instance from the state directory: it is asked what it counts now.
  void restored(Instance& instance, std::int64_t now_unix_ms) {
    requests_.want(instance, instance.last_seq, now_unix_ms);
  }

  [[nodiscard]] const DefinitionRules& definition_rules() const { return rules_.definitions; }
  [[nodiscard]] const FrameCounts& counts() const { return counts_; }
  [[nodiscard]] const std::deque<RefusalInfo>& refusals() const { return refusals_; }

 private:
  struct Envelope {
    std::string_view subject;
    std::string_view reply;
    std::int64_t now_unix_ms;
  };

  bool receive_remembered(const Envelope& envelope, const wire::Frame& frame);
  Instance* introduce(const Envelope& envelope, const wire::InstanceId& id);
  [[nodiscard]] static wire::Refusal admit(const wire::Frame& frame, std::string_view node,
                                           std::string_view service);
  [[nodiscard]] wire::Refusal admit_stranger(const Envelope& envelope, const wire::Frame& frame,
                                             const Instance* known) const;
  [[nodiscard]] wire::Refusal identify(const wire::Frame& frame, Instance& instance,
                                       std::int64_t now_unix_ms) const;
  bool apply(const Envelope& envelope, std::span<const std::uint8_t> bytes,
             const wire::Frame& frame, Instance& instance);
  void note_arrival(const Envelope& envelope, const wire::Frame& frame, Instance& instance);
  bool apply_part(const Envelope& envelope, std::span<const std::uint8_t> bytes,
                  const wire::Frame& frame, Instance& instance);
  void merge(const wire::Frame& frame, Instance& instance, std::int64_t now_unix_ms);
  void count_increments(const wire::Frame& frame, const MergeResult& merged, Instance& instance);
  [[nodiscard]] wire::Refusal check_whole(const PendingKeyframe& whole, const Instance& instance);
  void whole_keyframe(const Envelope& envelope, const wire::Frame& last, std::uint64_t first_seq,
                      Instance& instance);
  void discard_pending(Instance& instance);
  void refuse(const Envelope& envelope, wire::Refusal refusal, Instance* instance,
              std::uint64_t frames = 1);
  void remember_refusal(const Envelope& envelope, const wire::Refusal& refusal, Instance* instance);
  // A goodbye's answer waits until it is durable.
  void answer(const Envelope& envelope, wire::Kind to, const wire::InstanceId& instance,
              std::uint64_t seq);
  void send_control(wire::Kind kind, const wire::InstanceId& instance, std::string_view node);
  void ask_if_due(Instance& instance, std::int64_t now_unix_ms);

  IngestRules rules_;
  Registry& registry_;
  Directory& directory_;
  ControlSink& control_;
  wire::Subjects subjects_;
  wire::Decoder decoder_;
  wire::Decoder part_decoder_;
  wire::Encoder encoder_;
  KeyframeRequests requests_;
  FrameCounts counts_;
  std::size_t pending_bytes_ = 0;
  bool waits_for_disk_ = false;
  std::vector<Final> finals_;
  std::deque<RefusalInfo> refusals_;  // newest first, bounded
};

}  // namespace weir::sidecar
