#include "sidecar/ingest/merge_counters.h"

#include <algorithm>

#include "sidecar/ingest/merge_parts.h"

namespace weir::sidecar {
namespace {

// Samples whose local ids follow each other, as do the indexes of their counters: what a publisher
// announced together mostly is so. They are merged together, without a branch or a look-up for
// each. Few long runs cost less than many short ones.
constexpr std::uint32_t kLongRun = 32;
constexpr std::uint32_t kShortRun = 8;

template <std::uint32_t kLength>
bool are_neighbours(const std::uint32_t* ids, const Target* targets) {
  std::uint32_t odd = 0;
  for (std::uint32_t k = 0; k < kLength; ++k) {
    odd |= (ids[k] - ids[0] - k) | (targets[k].bits() - targets[0].bits() - k);
  }
  return odd == 0;
}

// All or none. False, and nothing changed, if one of them wants a look of its own: its total may be
// below the one before it, or its counter may wrap.
template <std::uint32_t kLength>
bool add_run(const std::uint64_t* __restrict totals, std::uint64_t* __restrict applied,
             std::uint64_t* __restrict counters, std::uint64_t& increments) {
  std::uint64_t added = 0;
  std::uint64_t bits = 0;
  for (std::uint32_t k = 0; k < kLength; ++k) {
    const std::uint64_t more = totals[k] - applied[k];
    bits |= totals[k] | applied[k] | counters[k] | more;
    counters[k] += more;
    added += more;
  }
  // Without the highest bit in any of them, no difference was negative and no sum wrapped.
  if ((bits >> 63) != 0) [[unlikely]] {
    for (std::uint32_t k = 0; k < kLength; ++k) {
      counters[k] -= totals[k] - applied[k];
    }
    return false;
  }
  std::copy_n(totals, kLength, applied);
  increments += added;
  return true;
}

// The samples from one on. REQUIRES: there is one.
struct Samples {
  std::span<const std::uint32_t> ids;
  std::span<const std::uint64_t> totals;
};

// Whether so many samples are a run. The outermost are looked at first: mostly that says it.
template <std::uint32_t kLength>
bool is_run(const Samples& samples, const Instance& instance) {
  if (samples.ids.size() < kLength || samples.ids[kLength - 1] - samples.ids[0] != kLength - 1) {
    return false;
  }
  const std::uint32_t first = samples.ids[0];
  if (std::max(first, samples.ids[kLength - 1]) >= instance.targets.size()) {
    return false;
  }
  const Target* const targets = instance.targets.data() + first;
  return targets[kLength - 1].bits() - targets[0].bits() == kLength - 1 &&
         targets[0].kind() == TargetKind::kCounter &&
         are_neighbours<kLength>(samples.ids.data(), targets);
}

// False, and nothing merged, as add_run() says.
template <std::uint32_t kLength>
bool merge_run(const Samples& samples, Instance& instance, Registry& registry,
               Unwritten::Marking& marking, MergeResult& result) {
  const std::uint32_t first = samples.ids[0];
  std::uint64_t* const counters = registry.counters().run(instance.targets[first].index(), kLength);
  if (counters == nullptr ||
      !add_run<kLength>(samples.totals.data(), instance.applied.data() + first, counters,
                        result.increments)) {
    return false;
  }
  marking.moved(first, kLength);
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

}  // namespace

void merge_counters(const wire::Frame& frame, Instance& instance, Registry& registry,
                    MergeResult& result) {
  Unwritten::Marking marking(instance.unwritten);
  Samples rest{frame.counter_ids, frame.counter_totals};
  const auto skip = [&](std::uint32_t merged) {
    rest = {rest.ids.subspan(merged), rest.totals.subspan(merged)};
  };
  while (!rest.ids.empty()) {
    if (is_run<kShortRun>(rest, instance)) {
      if (is_run<kLongRun>(rest, instance) &&
          merge_run<kLongRun>(rest, instance, registry, marking, result)) {
        skip(kLongRun);
        continue;
      }
      if (merge_run<kShortRun>(rest, instance, registry, marking, result)) {
        skip(kShortRun);
        continue;
      }
    }
    // One by one, up to where a run may begin.
    std::uint32_t merged = 0;
    do {
      merge_counter(rest.ids[merged], rest.totals[merged], instance, registry, marking, result);
      ++merged;
    } while (merged < std::min<std::size_t>(kShortRun, rest.ids.size()) &&
             rest.ids[merged] - rest.ids[merged - 1] == 1);
    skip(merged);
  }
}

}  // namespace weir::sidecar
