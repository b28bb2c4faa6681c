#include "sidecar/state/restore.h"

#include <algorithm>
#include <utility>

#include "sidecar/ingest/merge.h"
#include "sidecar/state/retired_base.h"
#include "sidecar/state/series_record.h"
#include "sidecar/state/service_record.h"

namespace weir::sidecar {
namespace {

// What was accepted once is not refused because a limit was tightened since.
wire::Limits wide_limits() {
  wire::Limits limits;
  limits.frame_bytes_max = 256u << 20;
  limits.families_per_publisher_max = 1'000'000;
  limits.series_per_publisher_max = Target::kIndexMax;
  limits.labels_per_series_max = 512;
  limits.label_value_bytes_max = 1u << 20;
  limits.own_labels = true;
  return limits;
}

DefinitionRules restoring(DefinitionRules rules) {
  rules.limits = wide_limits();
  rules.with_holes = true;
  return rules;
}

}  // namespace

void identify_restored(const wire::IdentityView& identity, Instance& instance) {
  instance.pid = identity.pid;
  instance.pid_namespace = identity.pid_namespace;
  instance.client_version = identity.client_version;
  instance.client_language = identity.client_language;
  instance.heartbeat_interval_ms = identity.heartbeat_interval_ms;
  instance.contributor.started_unix_ms = identity.started_unix_ms;
  instance.service_label = identity.service_label;
  instance.cells_file = identity.cells_file;
  instance.constant_labels.clear();
  for (const wire::LabelView& label : identity.constant_labels) {
    instance.constant_labels.emplace_back(label.name, label.value);
  }
  instance.identified = true;
}

std::uint64_t holes_made(const wire::Frame& frame, const Instance& instance) {
  const auto beyond = [](std::uint64_t highest, std::uint64_t known, std::uint64_t defined) {
    return highest > known + defined ? highest - known - defined : 0;
  };
  std::uint64_t ids = 0;
  for (const std::uint32_t id : frame.series_ids) {
    ids = std::max<std::uint64_t>(ids, std::uint64_t{id} + 1);
  }
  std::uint64_t families = 0;
  for (const wire::FamilyView& family : frame.families) {
    families = std::max<std::uint64_t>(families, std::uint64_t{family.id} + 1);
  }
  constexpr std::uint64_t kFamilyWeight = 8;  // so many times larger is its entry
  return beyond(ids, instance.targets.size(), frame.series_ids.size()) +
         kFamilyWeight * beyond(families, instance.families.size(), frame.families.size());
}

Restorer::Restorer(Registry& registry, Directory& directory, Retirement& retirement,
                   DefinitionRules rules, std::uint64_t holes_max)
    : registry_(registry),
      directory_(directory),
      retirement_(retirement),
      rules_(restoring(std::move(rules))),
      decoder_(rules_.limits),
      holes_left_(holes_max) {}

std::string Restorer::take(const Record& record, std::int64_t now_unix_ms) {
  const ByteReader reader(record.content);
  switch (record.kind) {
    case RecordKind::kStatement:
      return take_statement(reader, now_unix_ms);
    case RecordKind::kRemembered:
      take_remembered(reader, now_unix_ms);
      return {};
    case RecordKind::kServices:
      return restore_services(reader, directory_.services()) ? "" : "starts and ends are cut off";
    case RecordKind::kHeld:
      return take_held(reader, now_unix_ms);
    case RecordKind::kOffset:
      return take_offset(reader);
    case RecordKind::kScraped:
      registry_.all_shown();
      return {};
    case RecordKind::kUnshown:
      take_unshown(reader);
      return {};
    case RecordKind::kBase:
      return take_base(reader, now_unix_ms);
    case RecordKind::kPeerHeard:
      directory_.peer_heard(ByteReader(reader).number<std::int64_t>());
      return {};
    case RecordKind::kHead:
    case RecordKind::kEnd:
      return {};
    case RecordKind::kPeer:
    case RecordKind::kFinals:
    case RecordKind::kChunk:
      break;  // belong into messages
  }
  return "a record of an unknown kind";
}

std::string Restorer::take_statement(ByteReader reader, std::int64_t now_unix_ms) {
  const auto head = reader.number<StatementHead>();
  const std::string_view subject = reader.text();
  const std::string_view node = reader.text();
  const std::string_view service = reader.text();
  if (!reader.ok()) {
    return "a statement is cut off";
  }
  if (const wire::Refusal refusal = decoder_.decode(reader.rest())) {
    return "a statement of " + std::string(service) + ": " + refusal.detail;
  }
  const wire::Frame& frame = decoder_.frame();
  if (directory_.remembered(frame.instance) != Directory::Memory::kNothing) {
    return {};  // its totals are among the retired ones
  }
  Retirement::Retired* retired = nullptr;
  Instance* instance = nullptr;
  if (head.retired != 0) {
    const bool service_label = !frame.has_identity || frame.identity.service_label;
    retired = retirement_.find(frame.instance);
    if (retired == nullptr) {
      retired = &retirement_.restore(frame.instance, std::string(node), std::string(service),
                                     service_label);
    }
    instance = &retired->instance;
  } else {
    instance = directory_.find(frame.instance);
    if (instance == nullptr) {
      instance = directory_.add(frame.instance, now_unix_ms);
      if (instance == nullptr) {
        return "more publishers than this sidecar may have";
      }
      instance->subject = subject;
      instance->node = node;
      instance->service = service;
      instance->restored = true;
      if (head.state == StatementHead::kStateUnsaid) {
        directory_.restore_state(*instance, InstanceState::kUp, head.state_since_unix_ms);
      }
      ++instances_;
    }
    if (frame.has_identity && !instance->identified) {
      identify_restored(frame.identity, *instance);
    }
  }
  const std::uint64_t holes = holes_made(frame, *instance);
  if (holes > holes_left_) {
    return "a statement of " + std::string(service) + ": too many ids without a definition";
  }
  holes_left_ -= holes;
  if (const wire::Refusal refusal = check_definitions(frame, *instance, registry_, rules_)) {
    return "a statement of " + std::string(service) + ": " + refusal.detail;
  }
  (void)apply_definitions(frame, *instance, registry_, rules_, head.state_since_unix_ms);
  const MergeResult merged = merge_totals(frame, *instance, registry_, MergeMode::kMaximum);
  instance->increments_applied += merged.increments;
  instance->increments_published = instance->increments_applied;
  if (retired != nullptr) {
    instance->state_since_unix_ms = head.state_since_unix_ms;
    retired->low.resize(instance->targets.size());
    take_low(*retired, frame);
  } else {
    set_state(*instance, head);
  }
  return {};
}

void Restorer::set_state(Instance& instance, const StatementHead& head) {
  instance.last_seq = std::max(instance.last_seq, head.last_seq);
  instance.stated_seq = std::max(instance.stated_seq, head.stated_seq);
  instance.last_seen_unix_ms = std::max(instance.last_seen_unix_ms, head.last_seen_unix_ms);
  instance.folded |= head.folded != 0;
  const auto state = static_cast<InstanceState>(head.state);
  if (state > InstanceState::kCrashed) {
    return;
  }
  directory_.restore_state(instance, state, head.state_since_unix_ms);
}

void Restorer::take_low(Retirement::Retired& retired, const wire::Frame& frame) {
  for (std::size_t i = 0; i < frame.gauge_ids.size(); ++i) {
    retirement_.restore_low(retired, frame.gauge_ids[i], frame.gauge_values[i]);
  }
}

void Restorer::take_remembered(ByteReader reader, std::int64_t now_unix_ms) {
  while (!reader.rest().empty()) {
    const auto entry = reader.number<RememberedEntry>();
    if (reader.ok() && entry.memory <= static_cast<std::uint64_t>(Directory::Memory::kForgotten)) {
      // Its definitions may stand before it in the file: who is remembered has no tables.
      directory_.collapsed_elsewhere(entry.id, static_cast<Directory::Memory>(entry.memory),
                                     entry.unix_ms, now_unix_ms);
    }
  }
}

std::string Restorer::take_held(ByteReader reader, std::int64_t now_unix_ms) {
  const auto until_unix_ms = reader.number<std::int64_t>();
  if (until_unix_ms <= now_unix_ms) {
    return {};
  }
  if (const wire::Refusal refusal = decoder_.decode(reader.rest())) {
    return "a held gauge: " + refusal.detail;
  }
  return restore_held(decoder_.frame(), until_unix_ms, registry_);
}

std::string Restorer::take_offset(ByteReader reader) {
  if (const wire::Refusal refusal = decoder_.decode(reader.rest())) {
    return "a declared restart: " + refusal.detail;
  }
  return restore_offset(decoder_.frame(), registry_);
}

void Restorer::take_unshown(ByteReader reader) {
  const auto id = reader.number<wire::InstanceId>();
  const Instance* instance = directory_.find(id);
  while (instance != nullptr && !reader.rest().empty()) {
    const auto series = reader.number<std::uint32_t>();
    if (reader.ok() && series < instance->series.size() && instance->series[series] != kNone) {
      registry_.not_shown(instance->series[series]);
    }
  }
}

std::string Restorer::take_base(ByteReader reader, std::int64_t now_unix_ms) {
  BaseTakeover takeover(registry_, directory_, retirement_, *this);
  return takeover.replay(reader.rest(), now_unix_ms);
}

void Restorer::finish() {
  retirement_.for_each([](Retirement::Retired& retired) { Retirement::index(retired); });
}

}  // namespace weir::sidecar
