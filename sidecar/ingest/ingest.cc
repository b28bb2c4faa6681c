#include "sidecar/ingest/ingest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "schemas/mutant.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kPartsAwaitedMs = 30'000;  // the rest of a keyframe, once it has begun

std::uint64_t first_seq_of(const wire::Frame& frame) {
  return frame.seq - frame.part;
}

}  // namespace

std::uint64_t FrameCounts::refused_total() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

Ingest::Ingest(IngestRules rules, Registry& registry, Directory& directory, ControlSink& control,
               std::uint64_t seed)
    : rules_(std::move(rules)),
      registry_(registry),
      directory_(directory),
      control_(control),
      subjects_{rules_.subject_prefix},
      decoder_(rules_.definitions.limits),
      part_decoder_(rules_.definitions.limits),
      requests_(rules_.keyframe_requests, seed) {}

bool Ingest::receive(std::string_view subject, std::string_view reply,
                     std::span<const std::uint8_t> bytes, std::int64_t now_unix_ms) {
  const Envelope envelope{subject, reply, now_unix_ms};
  ++counts_.received;
  counts_.bytes += bytes.size();
  if (wire::Refusal refusal = decoder_.decode(bytes)) {
    // Named by the subject, so that the culprit can be found; the frame itself proves nothing.
    const auto publisher = subjects_.parse_publish(subject);
    refuse(envelope, std::move(refusal),
           publisher ? directory_.find(publisher->instance) : nullptr);
    return false;
  }
  const wire::Frame& frame = decoder_.frame();
  Instance* instance = directory_.find(frame.instance);
  // Whose subject it is was found out when it introduced itself.
  const bool known = instance != nullptr && instance->subject == subject;
  if (wire::Refusal refusal = known ? admit(frame, instance->node, instance->service)
                                    : admit_stranger(envelope, frame, instance)) {
    refuse(envelope, std::move(refusal), nullptr);
    return false;
  }
  if (instance == nullptr) {
    if (directory_.remembered(frame.instance) != Directory::Memory::kNothing) {
      return receive_remembered(envelope, frame);
    }
    instance = introduce(envelope, frame.instance);
    if (instance == nullptr) {
      refuse(envelope, {wire::Reason::kLimitExceeded, "too many publishers"}, nullptr);
      return false;
    }
  }
  const bool accepted = apply(envelope, bytes, frame, *instance);
  ask_if_due(*instance, now_unix_ms);
  return accepted;
}

bool Ingest::receive_remembered(const Envelope& envelope, const wire::Frame& frame) {
  // A goodbye said again, or a cells file found late, of which everything is counted.
  const bool is_final = frame.kind == wire::Kind::kGoodbye || frame.folded;
  if (directory_.remembered(frame.instance) == Directory::Memory::kEnded && is_final) {
    ++counts_.duplicate;
    answer(envelope, frame.kind, frame.instance, frame.seq);
    return true;
  }
  // Also of one that was taken for ended, and lives: acknowledged and not merged, it would count
  // for nobody from now on.
  ++counts_.rebases;
  send_control(wire::Kind::kRebase, frame.instance,
               subjects_.parse_publish(envelope.subject)->node);
  refuse(envelope, {wire::Reason::kUnknownInstance, "silent for so long that it was forgotten"},
         nullptr);
  return false;
}

Instance* Ingest::introduce(const Envelope& envelope, const wire::InstanceId& id) {
  Instance* const instance = directory_.add(id, envelope.now_unix_ms);
  if (instance != nullptr) {
    const auto publisher = subjects_.parse_publish(envelope.subject);
    instance->subject = envelope.subject;
    instance->node = publisher->node;
    instance->service = publisher->service;
  }
  return instance;
}

// Whose frame is it: NATS permissions on the subject are what stops one service from speaking for
// another.
wire::Refusal Ingest::admit(const wire::Frame& frame, std::string_view node,
                            std::string_view service) {
  if (!frame.is_from_publisher()) {
    return {wire::Reason::kBadHeader, "a control frame on a publisher's subject"};
  }
  if (frame.has_identity && (frame.identity.node != node || frame.identity.service != service)) {
    return {wire::Reason::kBadIdentity, "calls itself " + std::string(frame.identity.node) + "/" +
                                            std::string(frame.identity.service) +
                                            ", which is not what its subject says"};
  }
  return {};
}

wire::Refusal Ingest::admit_stranger(const Envelope& envelope, const wire::Frame& frame,
                                     const Instance* known) const {
  const auto publisher = subjects_.parse_publish(envelope.subject);
  if (!publisher) {
    return {wire::Reason::kBadIdentity, "no publisher's subject"};
  }
  if (frame.is_from_publisher() && frame.instance != publisher->instance) {
    return {wire::Reason::kBadIdentity,
            "instance " + frame.instance.to_string() + " on another one's subject"};
  }
  if (frame.is_from_publisher() && known != nullptr) {
    return {wire::Reason::kBadIdentity, "instance " + frame.instance.to_string() +
                                            " has introduced itself as " + known->node + "/" +
                                            known->service};
  }
  return admit(frame, publisher->node, publisher->service);
}

bool Ingest::apply(const Envelope& envelope, std::span<const std::uint8_t> bytes,
                   const wire::Frame& frame, Instance& instance) {
  if (frame.kind == wire::Kind::kDelta && !instance.identified) {
    requests_.want(instance, frame.seq, envelope.now_unix_ms);
    instance.last_seen_unix_ms = envelope.now_unix_ms;
    refuse(envelope, {wire::Reason::kUnknownInstance, "a delta before any keyframe"}, nullptr);
    return false;
  }
  // What an exited instance counted since its goodbye still counts: a second goodbye max-merges.
  const bool after_exit =
      instance.state == InstanceState::kExited && frame.kind != wire::Kind::kGoodbye;
  const bool late_final = instance.ended && frame.kind == wire::Kind::kGoodbye;
  if ((frame.seq <= instance.last_seq && !frame.folded) || after_exit ||
      (late_final && mutant::lacks(mutant::Rule::kLateFinalMerges))) {
    ++counts_.duplicate;
    if (frame.seq <= instance.stated_seq && frame.part + 1 == frame.parts) {
      answer(envelope, frame.kind, instance.id, frame.seq);  // the first may have been lost
    }
    return true;
  }
  if (frame.has_identity) {
    if (wire::Refusal refusal = identify(frame, instance, envelope.now_unix_ms)) {
      refuse(envelope, std::move(refusal), &instance);
      return false;
    }
  }
  if (!frame.folded) {  // what another hand read from its cells is no sign of life
    note_arrival(envelope, frame, instance);
  }

  if (frame.parts > 1) {
    return apply_part(envelope, bytes, frame, instance);
  }
  discard_pending(instance);
  if (wire::Refusal refusal = check_definitions(frame, instance, registry_, rules_.definitions)) {
    requests_.want(instance, frame.seq, envelope.now_unix_ms);
    refuse(envelope, std::move(refusal), &instance);
    return false;
  }
  merge(frame, instance, envelope.now_unix_ms);
  ++counts_.applied;
  if (frame.states_everything()) {
    whole_keyframe(envelope, frame, frame.seq, instance);
  }
  return true;
}

void Ingest::note_arrival(const Envelope& envelope, const wire::Frame& frame, Instance& instance) {
  if (instance.last_seq != 0 && frame.seq > instance.last_seq + 1) {
    ++counts_.gaps;
    requests_.want(instance, frame.seq - 1, envelope.now_unix_ms);
  }
  instance.last_seq = frame.seq;
  const bool had_ended = instance.ended;
  directory_.heard(instance, envelope.now_unix_ms);
  if (had_ended && !instance.ended) {
    requests_.want(instance, frame.seq - 1, envelope.now_unix_ms);  // its readings were dropped
  }
}

wire::Refusal Ingest::identify(const wire::Frame& frame, Instance& instance,
                               std::int64_t now_unix_ms) const {
  const wire::IdentityView& identity = frame.identity;
  instance.pid = identity.pid;
  instance.pid_namespace = identity.pid_namespace;
  instance.client_version = identity.client_version;
  instance.client_language = identity.client_language;
  instance.cells_file = identity.cells_file;
  if (identity.heartbeat_interval_ms > 0) {
    instance.heartbeat_interval_ms = identity.heartbeat_interval_ms;
  }
  if (instance.identified) {
    return {};  // labels and start are part of what its series are: they stay as first stated
  }
  // The newest start wins where definitions contradict: a clock that is ahead must not win for
  // ever.
  instance.contributor.started_unix_ms = std::min(identity.started_unix_ms, now_unix_ms);
  instance.service_label = identity.service_label;
  instance.constant_labels.clear();
  for (const wire::LabelView& label : identity.constant_labels) {
    if (!rules_.definitions.service_label.empty() &&
        label.name == rules_.definitions.service_label) {
      return {wire::Reason::kReserved,
              "constant label \"" + std::string(label.name) + "\" is added by Weir itself"};
    }
    instance.constant_labels.emplace_back(label.name, label.value);
  }
  return {};
}

// A split keyframe is applied only when whole: its parts wait, and any frame that is not the next
// part ends the wait.
bool Ingest::apply_part(const Envelope& envelope, std::span<const std::uint8_t> bytes,
                        const wire::Frame& frame, Instance& instance) {
  PendingKeyframe& pending = instance.pending;
  if (frame.part == 0 || pending.first_seq != first_seq_of(frame) ||
      pending.parts.size() != frame.part) {
    discard_pending(instance);
    if (frame.part != 0) {
      requests_.want(instance, frame.seq, envelope.now_unix_ms);
      refuse(envelope, {wire::Reason::kIncomplete, "a part of a keyframe without those before it"},
             &instance);
      return false;
    }
    pending.first_seq = first_seq_of(frame);
    pending.begun_unix_ms = envelope.now_unix_ms;
  }
  if (pending.bytes + bytes.size() > rules_.keyframe_bytes_max) {
    discard_pending(instance);
    refuse(envelope,
           {wire::Reason::kTooLarge,
            "a keyframe of more than " + std::to_string(rules_.keyframe_bytes_max) + " bytes"},
           &instance);
    return false;
  }
  if (pending_bytes_ + bytes.size() > rules_.pending_bytes_max) {
    discard_pending(instance);
    requests_.want(instance, frame.seq, envelope.now_unix_ms);
    refuse(envelope, {wire::Reason::kLimitExceeded, "too many keyframes wait for their last part"},
           &instance);
    return false;
  }
  pending.parts.emplace_back(bytes.begin(), bytes.end());
  pending.bytes += bytes.size();
  pending_bytes_ += bytes.size();
  ++counts_.pending;
  if (pending.parts.size() < frame.parts) {
    return true;
  }

  const PendingKeyframe whole = std::exchange(pending, {});
  counts_.pending -= whole.parts.size();
  pending_bytes_ -= whole.bytes;
  if (wire::Refusal refusal = check_whole(whole, instance)) {
    requests_.want(instance, frame.seq, envelope.now_unix_ms);
    refuse(envelope, std::move(refusal), &instance, whole.parts.size());
    return false;
  }
  for (const std::vector<std::uint8_t>& part : whole.parts) {
    (void)part_decoder_.decode(part);  // check_whole() did, without a refusal
    merge(part_decoder_.frame(), instance, envelope.now_unix_ms);
    ++counts_.applied;
  }
  whole_keyframe(envelope, frame, whole.first_seq, instance);
  return true;
}

// All parts or none: what a later part is refused for must be known before the first is merged.
wire::Refusal Ingest::check_whole(const PendingKeyframe& whole, const Instance& instance) {
  std::vector<wire::FamilyView> earlier;
  for (const std::vector<std::uint8_t>& part : whole.parts) {
    if (wire::Refusal refusal = part_decoder_.decode(part)) {
      return refusal;
    }
    const wire::Frame& frame = part_decoder_.frame();
    if (wire::Refusal refusal =
            check_definitions(frame, instance, registry_, rules_.definitions, earlier)) {
      return refusal;
    }
    earlier.insert(earlier.end(), frame.families.begin(), frame.families.end());
  }
  return {};
}

void Ingest::discard_pending(Instance& instance) {
  const std::uint64_t parts = instance.pending.parts.size();
  counts_.pending -= parts;
  counts_.refused[static_cast<std::size_t>(wire::Reason::kIncomplete)] += parts;
  pending_bytes_ -= instance.pending.bytes;
  instance.pending.clear();
}

void Ingest::merge(const wire::Frame& frame, Instance& instance, std::int64_t now_unix_ms) {
  rules_.definitions.revives = !frame.folded;
  const DefinitionResult definitions =
      apply_definitions(frame, instance, registry_, rules_.definitions, now_unix_ms);
  for (const wire::Refusal& refusal : definitions.refusals) {
    remember_refusal({instance.subject, {}, now_unix_ms}, refusal, &instance);
  }
  counts_.refused_series += definitions.refused_series;

  // What another sidecar told of it, or its cells file, may be newer than this frame.
  const bool may_be_older = frame.seq <= instance.told_seq || instance.folded;
  MergeResult merged = merge_totals(frame, instance, registry_,
                                    may_be_older ? MergeMode::kMaximum : MergeMode::kInOrder);
  if (may_be_older) {
    merged.regressed = 0;  // lower, and no error
  }
  instance.peer_agreed = false;
  count_increments(frame, merged, instance);
  counts_.samples += merged.samples;
  counts_.regressed_samples += merged.regressed;
  counts_.mismatched_samples += merged.mismatched;
  if (merged.regressed > 0 || merged.mismatched > 0) {
    remember_refusal({instance.subject, {}, now_unix_ms},
                     {wire::Reason::kBadValue,
                      std::to_string(merged.regressed) + " totals below those before them, " +
                          std::to_string(merged.mismatched) + " of another kind than announced"},
                     &instance);
  }
  if (definitions.incomplete || merged.undefined > 0 || merged.regressed > 0) {
    requests_.want(instance, frame.seq, now_unix_ms);
  }
}

void Ingest::count_increments(const wire::Frame& frame, const MergeResult& merged,
                              Instance& instance) {
  instance.increments_applied += merged.increments;
  instance.increments_refused += merged.increments_refused;
  counts_.increments_applied += merged.increments;
  counts_.increments_refused += merged.increments_refused;
  // A client that does not say what it made has made what arrived.
  const std::uint64_t arrived = instance.increments_applied + instance.increments_refused;
  const std::uint64_t published = std::max(frame.increments, arrived);
  if (published > instance.increments_published) {
    counts_.increments_published += published - instance.increments_published;
    instance.increments_published = published;
  }
}

void Ingest::whole_keyframe(const Envelope& envelope, const wire::Frame& last,
                            std::uint64_t first_seq, Instance& instance) {
  instance.identified = true;
  instance.restored = false;
  if (!last.folded) {
    instance.stated_seq = instance.last_seq;
    KeyframeRequests::satisfy(instance, first_seq);
  }
  directory_.introduced(instance, envelope.now_unix_ms);
  if (last.kind == wire::Kind::kGoodbye) {
    if (last.folded && !instance.folded) {
      ++counts_.folded;
      instance.folded = true;
      instance.cells_settled_unix_ms = envelope.now_unix_ms;
    }
    // A cells file that its owner left without a goodbye is evidence of a crash.
    directory_.ended(instance, last.folded ? InstanceState::kCrashed : InstanceState::kExited,
                     envelope.now_unix_ms);
  }
  answer(envelope, last.kind, instance.id, instance.last_seq);
}

void Ingest::tick(std::int64_t now_unix_ms) {
  directory_.for_each([&](Instance& instance) {
    if (!instance.pending.parts.empty() &&
        now_unix_ms - instance.pending.begun_unix_ms > kPartsAwaitedMs) {
      discard_pending(instance);
      requests_.want(instance, instance.last_seq, now_unix_ms);
    }
    if (instance.is_alive()) {
      ask_if_due(instance, now_unix_ms);
    }
  });
}

}  // namespace weir::sidecar
