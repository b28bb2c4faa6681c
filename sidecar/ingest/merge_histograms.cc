#include "sidecar/ingest/merge_histograms.h"

#include <algorithm>

#include "sidecar/ingest/merge_parts.h"

namespace weir::sidecar {
namespace {

// One histogram's changed buckets: entries [first, end) of the frame's bucket vectors.
struct Changed {
  const wire::Frame& frame;
  std::size_t first, end;

  [[nodiscard]] std::size_t index(std::size_t i) const { return frame.bucket_indexes[i]; }
  [[nodiscard]] std::uint64_t total(std::size_t i) const { return frame.bucket_totals[i]; }
};

// In a rolling update another instance may have brought newer bounds.
void follow_layout(InstanceBounds& bounds, const HistogramValue& value) {
  bounds.folded = value.layout;
  bounds.fold.clear();
  if (bounds.own->bounds != value.layout->bounds) {
    bounds.fold = fold_map(*bounds.own, *value.layout);
  }
}

enum class Age : std::uint8_t { kOlder, kSame, kNewer, kNeither };

// Of a statement of whatever age, against what was merged: whether it is more in no bucket, or less
// in none. A bucket that it does not name is less in a statement of everything; in a delta it is
// not, but the sum that kNeither leads to is right there as well.
//
// kNeither: each comes of frames of which some were lost on the other's way. Then the larger total
// of each bucket counts, and the larger sum: the later one of the two has seen all observations.
Age age_of(const Changed& changed, std::span<const std::uint64_t> applied) {
  std::uint64_t known = 0;
  for (const std::uint64_t total : applied) {
    known += total;
  }
  bool more = false;
  bool less = false;
  for (std::size_t i = changed.first; i < changed.end; ++i) {
    const std::size_t index = changed.index(i);
    if (index < applied.size()) {
      more |= changed.total(i) > applied[index];
      less |= changed.total(i) < applied[index];
      known -= applied[index];
    }
  }
  less |= known > 0;
  return more ? (less ? Age::kNeither : Age::kNewer) : (less ? Age::kOlder : Age::kSame);
}

// What cannot be merged, found before anything is added.
enum class Odd : std::uint8_t { kNothing, kMismatched, kRegressed };

Odd find_odd(const Changed& changed, std::span<const std::uint64_t> applied, Age age,
             std::uint64_t count) {
  std::uint64_t added = 0;
  bool wraps = false;
  for (std::size_t i = changed.first; i < changed.end; ++i) {
    const std::size_t index = changed.index(i);
    if (index >= applied.size()) {
      return Odd::kMismatched;
    }
    if (changed.total(i) < applied[index]) {
      if (age == Age::kNeither) {
        continue;
      }
      return Odd::kRegressed;
    }
    wraps |= __builtin_add_overflow(added, changed.total(i) - applied[index], &added);
  }
  // Nor may a hostile total wrap what others have counted.
  wraps |= __builtin_add_overflow(added, count, &added);
  return wraps ? Odd::kMismatched : Odd::kNothing;
}

// Whole or not at all.
void merge_histogram(const Changed& changed, double sum, InstanceHistogram& local,
                     Instance& instance, Registry& registry, MergeMode mode, MergeResult& result) {
  const std::span<std::uint64_t> applied(instance.applied_buckets.data() + local.applied,
                                         local.buckets);
  Age age = Age::kNewer;
  if (mode == MergeMode::kMaximum) {
    age = age_of(changed, applied);
    if (age == Age::kOlder) {
      ++result.regressed;
      return;
    }
    if (age != Age::kNewer) {
      sum = std::max(sum, local.applied_sum);
    }
  }
  HistogramValue& value = registry.histograms()[local.value];
  const Odd odd = find_odd(changed, applied, age, value.count);
  if (odd == Odd::kRegressed) {
    ++result.regressed;
    return;
  }
  if (odd == Odd::kMismatched || !replace_in(value.sum, local.applied_sum, sum)) [[unlikely]] {
    ++result.mismatched;
    return;
  }
  local.applied_sum = sum;
  InstanceBounds& bounds = instance.bounds[local.bounds];
  if (bounds.folded != value.layout) [[unlikely]] {
    follow_layout(bounds, value);
  }
  std::uint64_t count = 0;
  for (std::size_t i = changed.first; i < changed.end; ++i) {
    const std::size_t index = changed.index(i);
    if (changed.total(i) < applied[index]) [[unlikely]] {
      ++result.regressed;  // the same bucket twice in one frame
      continue;
    }
    const std::uint64_t added = changed.total(i) - applied[index];
    value.buckets[bounds.fold.empty() ? index : bounds.fold[index]] += added;
    applied[index] = changed.total(i);
    count += added;
  }
  value.count += count;
  result.increments += count;
}

}  // namespace

void merge_histograms(const wire::Frame& frame, Instance& instance, Registry& registry,
                      MergeMode mode, MergeResult& result) {
  Unwritten::Marking marking(instance.unwritten);
  Changed changed{frame, 0, 0};
  for (std::size_t i = 0; i < frame.histogram_ids.size(); ++i) {
    changed.end = changed.first + frame.histogram_changed[i];
    const std::uint32_t id = frame.histogram_ids[i];
    const Target target = target_of(instance, id);
    if (target.kind() == TargetKind::kHistogram) [[likely]] {
      merge_histogram(changed, frame.histogram_sums[i], instance.histograms[target.index()],
                      instance, registry, mode, result);
      marking.moved(id);
    } else {
      count_odd(target, result);
      if (target.kind() == TargetKind::kRefused) {
        std::uint64_t total = 0;  // whole in keyframes; a delta names only some of the buckets
        for (std::size_t of = changed.first; of < changed.end; ++of) {
          total += changed.total(of);
        }
        refuse_increments(instance.applied[id], total, result);
      }
    }
    changed.first = changed.end;
  }
}

}  // namespace weir::sidecar
