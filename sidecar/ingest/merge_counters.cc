#include "sidecar/ingest/merge_counters.h"

#include <algorithm>

#include "sidecar/ingest/counter_runs.h"
#include "sidecar/ingest/merge_parts.h"

namespace weir::sidecar {
namespace {

// What a frame states of counters, and the tables of its publisher. Pointers of its own: what is
// stored through one of them might for all that a compiler knows be the place of another.
struct Merging {
  const std::uint32_t* ids;
  const std::uint64_t* totals;
  const Target* targets;
  std::uint64_t* applied;
  std::size_t samples, announced;
  Registry& registry;
  Unwritten::Marking& marking;
};

// The length of the run that begins with this sample; 1: it stands alone.
std::size_t run_from(const Merging& merging, std::size_t at) {
  const std::uint32_t* const ids = merging.ids + at;
  if (merging.samples - at < 2 || ids[1] - ids[0] != 1 ||
      std::max(ids[0], ids[1]) >= merging.announced) {
    return 1;
  }
  const Target* const targets = merging.targets + ids[0];
  if (targets[1].bits() - targets[0].bits() != 1 || targets[0].kind() != TargetKind::kCounter) {
    return 1;
  }
  return run_length(ids, targets,
                    std::min({kRunMax, merging.samples - at, merging.announced - ids[0]}));
}

// False, and nothing merged: they want to be merged one by one.
bool merge_run(const Merging& merging, std::size_t at, std::size_t length,
               std::uint64_t& increments) {
  const std::uint32_t first = merging.ids[at];
  const auto count = static_cast<std::uint32_t>(length);
  std::uint64_t* const counters =
      merging.registry.counters().run(merging.targets[first].index(), count);
  if (counters == nullptr ||
      !add_run(merging.totals + at, merging.applied + first, counters, length, increments)) {
    return false;
  }
  merging.marking.moved(first, count);
  return true;
}

void state_integer(Reading& reading, std::uint64_t total) {
  reading.integer = total;
  reading.is_integer = true;
  reading.stated = true;
}

void merge_counter(std::uint32_t id, std::uint64_t total, Instance& instance, Registry& registry,
                   Unwritten::Marking& marking, MergeResult& result) {
  const Target target = target_of(instance, id);
  if (target.kind() == TargetKind::kCounter) [[likely]] {
    std::uint64_t& applied = instance.applied[id];
    if (total < applied) [[unlikely]] {
      ++result.regressed;
      return;
    }
    // A hostile total must not wrap what others have counted.
    std::uint64_t& counter = registry.counters()[target.index()];
    if (__builtin_add_overflow(counter, total - applied, &counter)) [[unlikely]] {
      counter -= total - applied;
      ++result.mismatched;
      return;
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

void merge_all(const wire::Frame& frame, Instance& instance, Registry& registry,
               MergeResult& result) {
  Unwritten::Marking marking(instance.unwritten);
  const Merging merging{frame.counter_ids.data(),
                        frame.counter_totals.data(),
                        instance.targets.data(),
                        instance.applied.data(),
                        frame.counter_ids.size(),
                        instance.targets.size(),
                        registry,
                        marking};
  std::uint64_t increments = 0;
  std::size_t at = 0;
  while (at < merging.samples) {
    const std::size_t length = run_from(merging, at);
    if (length > 1 && merge_run(merging, at, length, increments)) {
      at += length;
      continue;
    }
    for (const std::size_t end = at + length; at < end; ++at) {
      merge_counter(merging.ids[at], merging.totals[at], instance, registry, marking, result);
    }
  }
  result.increments += increments;
}

// Compiled twice, with all that it calls.
[[gnu::flatten]] void merge_anywhere(const wire::Frame& frame, Instance& instance,
                                     Registry& registry, MergeResult& result) {
  merge_all(frame, instance, registry, result);
}
#if defined(__x86_64__)
[[gnu::flatten, gnu::target("avx2")]] void merge_with_avx2(const wire::Frame& frame,
                                                           Instance& instance, Registry& registry,
                                                           MergeResult& result) {
  merge_all(frame, instance, registry, result);
}
#endif

auto* merge_as_this_processor_can() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) {
    return &merge_with_avx2;
  }
#endif
  return &merge_anywhere;
}

}  // namespace

void merge_counters(const wire::Frame& frame, Instance& instance, Registry& registry,
                    MergeResult& result) {
  static const auto merge = merge_as_this_processor_can();
  merge(frame, instance, registry, result);
}

}  // namespace weir::sidecar
