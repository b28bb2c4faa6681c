#include "sidecar/ingest/merge.h"

#include <bit>

#include "sidecar/ingest/merge_histograms.h"
#include "sidecar/ingest/merge_parts.h"

namespace weir::sidecar {
namespace {

void state_integer(Reading& reading, std::uint64_t total) {
  reading.integer = total;
  reading.is_integer = true;
  reading.stated = true;
}

void state_number(Reading& reading, double value) {
  reading.number = value;
  reading.is_integer = false;
  reading.stated = true;
}

void merge_counters(const wire::Frame& frame, Instance& instance, Registry& registry,
                    MergeResult& result) {
  Slots<std::uint64_t>& counters = registry.counters();
  Unwritten::Marking marking(instance.unwritten);
  for (std::size_t i = 0; i < frame.counter_ids.size(); ++i) {
    const std::uint32_t id = frame.counter_ids[i];
    const std::uint64_t total = frame.counter_totals[i];
    const Target target = target_of(instance, id);
    if (target.kind() == TargetKind::kCounter) [[likely]] {
      std::uint64_t& applied = instance.applied[id];
      if (total < applied) [[unlikely]] {
        ++result.regressed;
        continue;
      }
      // A hostile total must not wrap what others have counted.
      std::uint64_t& counter = counters[target.index()];
      if (__builtin_add_overflow(counter, total - applied, &counter)) [[unlikely]] {
        counter -= total - applied;
        ++result.mismatched;
        continue;
      }
      result.increments += total - applied;
      applied = total;
      marking.moved(id);
    } else if (target.kind() == TargetKind::kReading) {
      state_integer(registry.readings()[target.index()], total);
    } else {
      count_odd(target, result);
      if (target.kind() == TargetKind::kRefused) {
        refuse_increments(instance.applied[id], total, result);
      }
    }
  }
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
