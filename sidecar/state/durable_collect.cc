// What is written of an instance to the journal, and of what is no publisher's. All of it under the
// engine's lock.
#include "sidecar/state/durable_state.h"
#include "sidecar/state/series_record.h"
#include "sidecar/state/service_record.h"

namespace weir::sidecar {

bool DurableState::collect_defined(Instance& instance, std::size_t enough, Bytes& out) {
  constexpr std::size_t kSeriesAtOnce = 1024;
  bool untold = instance.ended;
  bool all = false;
  while (!all && out.size() < enough) {
    const Unwritten::Definitions definitions = instance.unwritten.take_for_journal(kSeriesAtOnce);
    all = definitions.empty();
    if (!all) {
      writer_.definitions(instance, definitions.identity, definitions.families, definitions.series,
                          out, true);
      defined_ = true;
      untold = true;
    }
  }
  // Without it the life after a power loss could not tell that something is missing.
  untold_ += untold ? 1 : 0;
  return all;
}

void DurableState::collect(Instance& instance, Bytes& out) {
  if (instance.identified && instance.unwritten.any()) {
    (void)collect_defined(instance, SIZE_MAX, out);
    (void)writer_.moved_totals(instance, 0, SIZE_MAX, out);
  }
}

std::vector<Ingest::Final> DurableState::collect_finals(Bytes& out) {
  std::vector<Ingest::Final> finals = parts_.ingest.take_finals();
  for (const Ingest::Final& final : finals) {
    if (Instance* instance = parts_.directory.find(final.instance)) {
      collect(*instance, out);
    }
  }
  if (parts_.registry.take_held_changed()) {
    collect_held(out);
  }
  return finals;
}

void DurableState::collect_held(Bytes& out) {
  parts_.registry.readings().for_each([&](std::uint32_t, const Reading& reading) {
    if (reading.held_until_unix_ms != 0 && reading.contributor == nullptr) {
      append_held(out, parts_.registry, reading, encoder_);
    }
  });
}

void DurableState::collect_remembered(bool all, Bytes& out) {
  const std::uint64_t count = parts_.directory.remembered_count();
  const std::uint64_t unfiled = count - remembered_filed_;
  Bytes content;
  std::uint64_t held = 0;
  parts_.directory.for_each_remembered([&](auto&&...) { ++held; });
  std::uint64_t at = 0;
  parts_.directory.for_each_remembered([&](const wire::InstanceId& id, Directory::Memory memory,
                                           std::int64_t unix_ms) {
    if (all || held - at++ <= unfiled) {
      ByteWriter(content).number(RememberedEntry{id, unix_ms, static_cast<std::uint64_t>(memory)});
    }
  });
  remembered_filed_ = count;
  if (!content.empty()) {
    append_record(out, RecordKind::kRemembered, content);
  }
}

// What is no publisher's.
void DurableState::collect_rest(Bytes& out) {
  append_services(out, parts_.directory.services());
  collect_held(out);
  collect_offsets(out);
  Bytes heard;
  ByteWriter(heard).number(parts_.directory.peer_heard_unix_ms());
  append_record(out, RecordKind::kPeerHeard, heard);
}

void DurableState::collect_offsets(Bytes& out) {
  parts_.registry.for_each_offset([&](std::uint32_t series, const Offset& offset) {
    append_offset(out, parts_.registry, series, offset, encoder_);
  });
}

void DurableState::collect_unshown(Bytes& out) {
  if (parts_.registry.any_unshown()) {
    parts_.directory.for_each([&](const Instance& instance) {
      append_unshown(out, parts_.registry, instance, 0,
                     static_cast<std::uint32_t>(instance.series.size()));
    });
  }
}

bool DurableState::has_changed() {
  bool changed = journal_->bytes() > 0 || directory_version_ != parts_.directory.version() ||
                 retirement_version_ != parts_.retirement.version() ||
                 remembered_filed_ != parts_.directory.remembered_count();
  parts_.directory.for_each([&](const Instance& instance) {
    changed |= instance.identified && instance.unwritten.any_for_checkpoint();
  });
  return changed;
}

void DurableState::note_versions() {
  directory_version_ = parts_.directory.version();
  retirement_version_ = parts_.retirement.version();
}

}  // namespace weir::sidecar
