#include "sidecar/ingest/merge.h"

#include <algorithm>
#include <bit>

namespace weir::sidecar {
namespace {

// Where a sample's id leads; ids past the table were never announced.
Target target_of(const Instance& instance, std::uint32_t id) {
  return id < instance.targets.size() ? instance.targets[id] : Target{};
}

void count_odd(Target target, MergeResult& result) {
  switch (target.kind()) {
    case TargetKind::kUndefined:
      ++result.undefined;
      break;
    case TargetKind::kRefused:
      ++result.refused;
      break;
    default:
      ++result.mismatched;
  }
}

// The applied total of a refused counter is what was counted as refused.
void refuse_increments(std::uint64_t& counted, std::uint64_t total, MergeResult& result) {
  if (total > counted) {
    result.increments_refused += total - counted;
    counted = total;
  }
}

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

// False, and nothing changed, if the sum would leave the range of a double: a hostile total must
// not make a NaN of what others have counted.
bool replace_in(ExactSum& sum, double applied, double total) {
  ExactSum next = sum;
  next.add(-applied);
  next.add(total);
  if (!next.is_finite()) {
    return false;
  }
  sum = next;
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

// In a rolling update another instance may have brought newer bounds.
void follow_layout(InstanceHistogram& local, const HistogramValue& value) {
  local.folded = value.layout;
  local.fold.clear();
  if (local.own->bounds != value.layout->bounds) {
    local.fold = fold_map(*local.own, *value.layout);
  }
}

enum class Age : std::uint8_t { kOlder, kSame, kNewer, kNeither };

// Of a statement of whatever age, against what was merged: whether it is more in no bucket, or less
// in none. A bucket that it does not name is less in a statement of everything; in a delta it is
// not, but the sum that kNeither leads to is right there as well.
//
// kNeither: each comes of frames of which some were lost on the other's way. Then the larger total
// of each bucket counts, and the larger sum: the later one of the two has seen all observations.
Age age_of(const wire::Frame& frame, std::size_t first, std::size_t changed,
           const InstanceHistogram& local, const std::uint64_t* applied) {
  std::uint64_t known = 0;
  for (std::size_t i = 0; i < local.buckets; ++i) {
    known += applied[i];
  }
  bool more = false;
  bool less = false;
  for (std::size_t i = first; i < first + changed; ++i) {
    const std::uint16_t index = frame.bucket_indexes[i];
    if (index < local.buckets) {
      more |= frame.bucket_totals[i] > applied[index];
      less |= frame.bucket_totals[i] < applied[index];
      known -= applied[index];
    }
  }
  less |= known > 0;
  return more ? (less ? Age::kNeither : Age::kNewer) : (less ? Age::kOlder : Age::kSame);
}

// One histogram's changed buckets are entries [first, first + changed) of the frame's bucket
// vectors.
void merge_histogram(const wire::Frame& frame, std::size_t first, std::size_t changed, double sum,
                     InstanceHistogram& local, Instance& instance, Registry& registry,
                     MergeMode mode, MergeResult& result) {
  std::uint64_t* const applied = instance.applied_buckets.data() + local.applied;
  Age age = Age::kNewer;
  if (mode == MergeMode::kMaximum) {
    age = age_of(frame, first, changed, local, applied);
    if (age == Age::kOlder) {
      ++result.regressed;
      return;
    }
    if (age != Age::kNewer) {
      sum = std::max(sum, local.applied_sum);
    }
  }
  // Checked before anything is added: a histogram is merged whole or not at all.
  std::uint64_t added = 0;
  bool wraps = false;
  for (std::size_t i = first; i < first + changed; ++i) {
    if (frame.bucket_indexes[i] >= local.buckets) {
      ++result.mismatched;
      return;
    }
    if (frame.bucket_totals[i] < applied[frame.bucket_indexes[i]]) {
      if (age == Age::kNeither) {
        continue;
      }
      ++result.regressed;
      return;
    }
    wraps |= __builtin_add_overflow(
        added, frame.bucket_totals[i] - applied[frame.bucket_indexes[i]], &added);
  }
  HistogramValue& value = registry.histograms()[local.value];
  // Nor may a hostile total wrap what others have counted.
  wraps |= __builtin_add_overflow(added, value.count, &added);
  if (wraps || !replace_in(value.sum, local.applied_sum, sum)) [[unlikely]] {
    ++result.mismatched;
    return;
  }
  local.applied_sum = sum;
  if (local.folded != value.layout) [[unlikely]] {
    follow_layout(local, value);
  }
  for (std::size_t i = first; i < first + changed; ++i) {
    const std::uint16_t index = frame.bucket_indexes[i];
    if (frame.bucket_totals[i] < applied[index]) [[unlikely]] {
      ++result.regressed;  // the same bucket twice in one frame
      continue;
    }
    const std::uint16_t folded = local.fold.empty() ? index : local.fold[index];
    value.buckets[folded] += frame.bucket_totals[i] - applied[index];
    value.count += frame.bucket_totals[i] - applied[index];
    result.increments += frame.bucket_totals[i] - applied[index];
    applied[index] = frame.bucket_totals[i];
  }
}

void merge_histograms(const wire::Frame& frame, Instance& instance, Registry& registry,
                      MergeMode mode, MergeResult& result) {
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < frame.histogram_ids.size(); ++i) {
    const std::size_t changed = frame.histogram_changed[i];
    const Target target = target_of(instance, frame.histogram_ids[i]);
    if (target.kind() == TargetKind::kHistogram) [[likely]] {
      merge_histogram(frame, bucket, changed, frame.histogram_sums[i],
                      instance.histograms[target.index()], instance, registry, mode, result);
      instance.unwritten.moved(frame.histogram_ids[i]);
    } else {
      count_odd(target, result);
      if (target.kind() == TargetKind::kRefused) {
        std::uint64_t total = 0;  // whole in keyframes; a delta names only some of the buckets
        for (std::size_t of = bucket; of < bucket + changed; ++of) {
          total += frame.bucket_totals[of];
        }
        refuse_increments(instance.applied[frame.histogram_ids[i]], total, result);
      }
    }
    bucket += changed;
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
