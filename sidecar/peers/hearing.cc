#include "sidecar/peers/hearing.h"

#include <algorithm>
#include <utility>

#include "sidecar/peers/peer_messages.h"
#include "sidecar/state/restore.h"

namespace weir::sidecar {
namespace {

// Ids that were refused by the other one leave holes; so many over all instances cost 160 MB.
constexpr std::uint64_t kHolesMax = 10'000'000;

DefinitionRules rules_of(DefinitionRules rules) {
  rules.with_holes = true;
  rules.limits.frame_bytes_max = 2 * kPeerMessageBytes;
  return rules;
}

}  // namespace

Hearing::Hearing(std::string subject_prefix, Parts parts)
    : subjects_{std::move(subject_prefix)},
      parts_(parts),
      rules_(rules_of(parts.ingest.definition_rules())),
      decoder_(rules_.limits),
      holes_left_(kHolesMax) {}

std::string Hearing::take(const Record& record, std::int64_t now_unix_ms) {
  ByteReader reader(record.content);
  const auto head = reader.number<StatementHead>();
  const std::string_view subject = reader.text();
  const std::string_view node = reader.text();
  const std::string_view service = reader.text();
  if (record.kind != RecordKind::kStatement || !reader.ok() || head.retired != 0) {
    return "no statement of an instance";
  }
  if (const wire::Refusal refusal = decoder_.decode(reader.rest())) {
    return refusal.detail;
  }
  const wire::Frame& frame = decoder_.frame();
  const auto publisher = subjects_.parse_publish(subject);
  if (!publisher || publisher->instance != frame.instance || publisher->node != node ||
      publisher->service != service || service.size() > rules_.limits.name_bytes_max ||
      (frame.has_identity && (frame.identity.node != node || frame.identity.service != service))) {
    return "a statement of another instance than its subject says";
  }
  if (parts_.directory.remembered(frame.instance) != Directory::Memory::kNothing) {
    return {};
  }
  Instance* instance = parts_.directory.find(frame.instance);
  const bool known = instance != nullptr && instance->identified;
  if (!known && !frame.has_identity) {
    return {};  // the message that says who it is was lost: next time
  }
  if (instance == nullptr) {
    instance = parts_.directory.add(frame.instance, now_unix_ms);
    if (instance == nullptr) {
      return "more publishers than this sidecar may have";
    }
    instance->subject = subject;
    instance->node = node;
    instance->service = service;
  }
  if (instance->subject != subject) {
    return "an instance that speaks on another subject";
  }
  if (!known) {
    if (std::string refused = identify(frame, *instance, now_unix_ms); !refused.empty()) {
      return refused;
    }
  }
  std::string refused = merge(frame, *instance, now_unix_ms);
  follow(head, *instance, known, now_unix_ms);
  return refused;
}

std::string Hearing::identify(const wire::Frame& frame, Instance& instance,
                              std::int64_t now_unix_ms) const {
  for (const wire::LabelView& label : frame.identity.constant_labels) {
    if (label.name == rules_.service_label) {
      return "constant label \"" + std::string(label.name) + "\" is added by Weir itself";
    }
  }
  identify_restored(frame.identity, instance);
  instance.heartbeat_interval_ms = std::max<std::int64_t>(1, instance.heartbeat_interval_ms);
  instance.contributor.started_unix_ms =
      std::min(instance.contributor.started_unix_ms, now_unix_ms);
  return {};
}

std::string Hearing::merge(const wire::Frame& frame, Instance& instance, std::int64_t now_unix_ms) {
  const std::uint64_t holes = holes_made(frame, instance);
  if (holes > holes_left_) {
    return "too many ids without a definition";
  }
  holes_left_ -= holes;
  if (const wire::Refusal refusal = check_definitions(frame, instance, parts_.registry, rules_)) {
    return refusal.detail;
  }
  (void)apply_definitions(frame, instance, parts_.registry, rules_, now_unix_ms);
  const MergeResult merged = merge_totals(frame, instance, parts_.registry, MergeMode::kMaximum);
  instance.increments_applied += merged.increments;
  instance.increments_refused += merged.increments_refused;
  instance.increments_published = std::max(
      instance.increments_published, instance.increments_applied + instance.increments_refused);
  instance.peer_agreed = instance.peer_agreed && merged.increments == 0;
  return {};
}

void Hearing::follow(const StatementHead& head, Instance& instance, bool known,
                     std::int64_t now_unix_ms) {
  const auto state = static_cast<InstanceState>(head.state);
  const std::int64_t since = std::min(head.state_since_unix_ms, now_unix_ms);
  const bool ended = state == InstanceState::kExited || state == InstanceState::kCrashed;
  if (!known) {
    instance.last_seq = std::max(instance.last_seq, head.last_seq);
    instance.last_seen_unix_ms = std::min(head.last_seen_unix_ms, now_unix_ms);
    instance.folded = head.folded != 0;
    // Its start was counted where it was heard; here it is not one more.
    parts_.directory.restore_state(
        instance, ended || state == InstanceState::kLost ? state : InstanceState::kUp, since);
    if (!instance.ended) {
      instance.restored = state == InstanceState::kUp;
      parts_.ingest.restored(instance, now_unix_ms);  // what it shows now, only it can say
    }
    return;
  }
  if (head.last_seq > instance.last_seq) {
    instance.told_seq = std::max(instance.told_seq, head.last_seq);
  }
  if (head.folded != 0 && !instance.folded) {
    instance.folded = true;
    instance.cells_settled_unix_ms = now_unix_ms;
  }
  // Of a death without goodbye the other one may be wrong: who was heard after it lives.
  if (!instance.ended &&
      (state == InstanceState::kExited ||
       (state == InstanceState::kCrashed && since >= instance.last_seen_unix_ms))) {
    parts_.directory.ended(instance, state, now_unix_ms);
  }
}

}  // namespace weir::sidecar
