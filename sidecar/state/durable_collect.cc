// What is written: of an instance, of all, for the journal and for a checkpoint. All of it under
// the engine's lock.
#include "sidecar/state/durable_state.h"
#include "sidecar/state/series_record.h"
#include "sidecar/state/service_record.h"

namespace weir::sidecar {

bool DurableState::collect_defined(Instance& instance, Bytes& out) {
  const Unwritten::Definitions definitions = instance.unwritten.take_for_journal();
  if (!definitions.empty()) {
    writer_.definitions(instance, definitions.identity, definitions.families, definitions.series,
                        out, true);
    defined_ = true;
  }
  return !definitions.empty() || instance.ended;
}

bool DurableState::collect(Instance& instance, Bytes& out) {
  if (!instance.identified || !instance.unwritten.any()) {
    return false;
  }
  const bool untold = collect_defined(instance, out);
  (void)writer_.moved_totals(instance, 0, SIZE_MAX, out);
  return untold;
}

bool DurableState::collect_all(Bytes& out) {
  bool untold = false;
  parts_.directory.for_each([&](Instance& instance) { untold |= collect(instance, out); });
  return untold;
}

void DurableState::collect_held(Bytes& out) {
  parts_.registry.readings().for_each([&](std::uint32_t, const Reading& reading) {
    if (reading.held_until_unix_ms != 0 && reading.contributor == nullptr) {
      append_held(out, parts_.registry, reading, encoder_);
    }
  });
}

void DurableState::collect_definitions(bool all, Bytes& out) {
  const auto write = [&](Instance& instance) {
    if (!instance.identified) {
      return;
    }
    if (all) {
      instance.unwritten.all_taken_for_definitions();
      writer_.all_definitions(instance, out);
      return;
    }
    const Unwritten::Definitions definitions = instance.unwritten.take_for_definitions();
    if (!definitions.empty()) {
      writer_.definitions(instance, definitions.identity, definitions.families, definitions.series,
                          out);
    }
  };
  parts_.directory.for_each(write);
  parts_.retirement.for_each([&](Retirement::Retired& retired) { write(retired.instance); });
  collect_remembered(all, out);
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

void DurableState::collect_totals(Bytes& out) {
  parts_.directory.for_each([&](Instance& instance) {
    if (instance.identified) {
      writer_.all_totals(instance, out);
    }
  });
  parts_.retirement.for_each(
      [&](const Retirement::Retired& retired) { writer_.retired_totals(retired, out); });
  append_services(out, parts_.directory.services());
  collect_held(out);
  collect_offsets(out);
  collect_unshown(out);
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
  if (!parts_.registry.any_unshown()) {
    return;
  }
  parts_.directory.for_each([&](const Instance& instance) {
    Bytes content;
    ByteWriter writer(content);
    writer.number(instance.id);
    for (std::uint32_t id = 0; id < instance.series.size(); ++id) {
      if (instance.series[id] != kNone &&
          parts_.registry.series(instance.series[id]).zero_pending) {
        writer.number(id);
      }
    }
    if (content.size() > sizeof instance.id) {
      append_record(out, RecordKind::kUnshown, content);
    }
  });
}

bool DurableState::has_changed(const Bytes& changes) const {
  return !changes.empty() || journal_->bytes() > 0 ||
         directory_version_ != parts_.directory.version() ||
         retirement_version_ != parts_.retirement.version() ||
         remembered_filed_ != parts_.directory.remembered_count();
}

void DurableState::note_versions() {
  directory_version_ = parts_.directory.version();
  retirement_version_ = parts_.retirement.version();
}

}  // namespace weir::sidecar
