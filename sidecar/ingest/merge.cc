#include "sidecar/ingest/merge.h"

#include <bit>

#include "sidecar/ingest/merge_counters.h"
#include "sidecar/ingest/merge_histograms.h"
#include "sidecar/ingest/merge_parts.h"

namespace weir::sidecar {
namespace {

void state_number(Reading& reading, double value) {
  reading.number = value;
  reading.is_integer = false;
  reading.stated = true;
}

// An own counter is announced without saying whether it counts in integers. The first double of a
// publisher that sent no integer yet moves it to the series' double counter.
bool becomes_double(Instance& instance, std::uint32_t id, Registry& registry) {
  if (instance.applied[id] != 0) {
    return false;
  }
  const bool hidden = instance.targets[id].hidden();
  instance.targets[id] =
      Target(TargetKind::kDouble, registry.double_counter_of(instance.series[id]));
  instance.targets[id].set_hidden(hidden);
  return true;
}

void merge_doubles(const wire::Frame& frame, Instance& instance, Registry& registry,
                   MergeResult& result) {
  for (std::size_t i = 0; i < frame.double_ids.size(); ++i) {
    const std::uint32_t id = frame.double_ids[i];
    const double total = frame.double_totals[i];
    Target target = target_of(instance, id);
    if (target.kind() == TargetKind::kReading) {
      state_number(registry.readings()[target.index()], total);
      continue;
    }
    if (target.kind() == TargetKind::kCounter && becomes_double(instance, id, registry)) {
      target = instance.targets[id];
    }
    if (target.kind() != TargetKind::kDouble) [[unlikely]] {
      count_odd(target, result);
      continue;
    }
    const auto applied = std::bit_cast<double>(instance.applied[id]);
    if (total < applied) [[unlikely]] {
      ++result.regressed;
      continue;
    }
    if (!replace_in(registry.double_counters()[target.index()], applied, total)) [[unlikely]] {
      ++result.mismatched;
      continue;
    }
    instance.applied[id] = std::bit_cast<std::uint64_t>(total);
    instance.unwritten.moved(id);
  }
}

void merge_gauges(const wire::Frame& frame, Instance& instance, Registry& registry,
                  MergeResult& result) {
  for (std::size_t i = 0; i < frame.gauge_ids.size(); ++i) {
    const Target target = target_of(instance, frame.gauge_ids[i]);
    if (target.kind() == TargetKind::kReading) [[likely]] {
      state_number(registry.readings()[target.index()], frame.gauge_values[i]);
    } else {
      count_odd(target, result);
    }
  }
}

}  // namespace

MergeResult merge_totals(const wire::Frame& frame, Instance& instance, Registry& registry,
                         MergeMode mode) {
  MergeResult result;
  result.samples = frame.counter_ids.size() + frame.double_ids.size() + frame.gauge_ids.size() +
                   frame.histogram_ids.size();
  merge_counters(frame, instance, registry, result);
  merge_doubles(frame, instance, registry, result);
  merge_gauges(frame, instance, registry, result);
  merge_histograms(frame, instance, registry, mode, result);
  return result;
}

}  // namespace weir::sidecar
