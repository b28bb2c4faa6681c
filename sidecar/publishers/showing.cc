#include "sidecar/publishers/showing.h"

namespace weir::sidecar {

void set_showing(Instance& instance, Registry& registry, bool showing, std::int64_t now_unix_ms) {
  if (instance.showing == showing) {
    return;
  }
  instance.showing = showing;
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    const Target target = instance.targets[id];
    if (!target.is_announced() || target.hidden()) {
      continue;
    }
    if (showing) {
      registry.show(instance.series[id]);
    } else {
      registry.unshow(instance.series[id], now_unix_ms, false);
    }
  }
  for (const InstanceFamily& local : instance.families) {
    if (local.family != kNone) {
      registry.family(local.family).publishers += showing ? 1u : -1u;
    }
  }
}

void end_shows(Instance& instance, Registry& registry, std::int64_t now_unix_ms, bool clean_exit) {
  set_showing(instance, registry, false, now_unix_ms);
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    Target& target = instance.targets[id];
    if (target.kind() != TargetKind::kReading) {
      continue;
    }
    const Reading& reading = registry.readings()[target.index()];
    const std::uint64_t hold_ms =
        registry.family(registry.series(instance.series[id]).family).hold_ms;
    if (clean_exit && hold_ms > 0 && reading.stated && !reading.hidden) {
      registry.hold_reading(target.index(), now_unix_ms + static_cast<std::int64_t>(hold_ms));
    } else {
      registry.remove_reading(target.index());
    }
    registry.unreference(instance.series[id]);
    instance.series[id] = kNone;
    target = {};
  }
}

void drop_tables(Instance& instance, Registry& registry) {
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    if (instance.targets[id].is_announced()) {
      registry.unreference(instance.series[id]);
    }
  }
  instance.targets = {};
  instance.applied = {};
  instance.series = {};
  instance.families = {};
  instance.bounds = {};
  instance.histograms = {};
  instance.applied_buckets = {};
}

}  // namespace weir::sidecar
