#include "sidecar/ingest/merge_histograms.h"

#include <algorithm>
#include <numeric>

#include "sidecar/ingest/merge_parts.h"

namespace weir::sidecar {
namespace {

// One histogram's changed buckets, of the frame's bucket vectors.
struct Changed {
  const std::uint16_t* indexes;
  const std::uint64_t* totals;
  std::size_t size;
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
  for (std::size_t i = 0; i < changed.size; ++i) {
    const std::size_t index = changed.indexes[i];
    if (index < applied.size()) {
      more |= changed.totals[i] > applied[index];
      less |= changed.totals[i] < applied[index];
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
  for (std::size_t i = 0; i < changed.size; ++i) {
    const std::size_t index = changed.indexes[i];
    if (index >= applied.size()) {
      return Odd::kMismatched;
    }
    if (changed.totals[i] < applied[index]) {
      if (age == Age::kNeither) {
        continue;
      }
      return Odd::kRegressed;
    }
    wraps |= __builtin_add_overflow(added, changed.totals[i] - applied[index], &added);
  }
  // Nor may a hostile total wrap what others have counted.
  wraps |= __builtin_add_overflow(added, count, &added);
  return wraps ? Odd::kMismatched : Odd::kNothing;
}

// Adds what is more of each bucket to the one that `shown_as` leads to; says how much in all. The
// same bucket may be stated twice: what is less by then is left out.
template <typename ShownAs>
std::uint64_t add_buckets(const Changed& changed, std::uint64_t* applied, std::uint64_t* buckets,
                          const ShownAs& shown_as, MergeResult& result) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < changed.size; ++i) {
    const std::size_t index = changed.indexes[i];
    const std::uint64_t total = changed.totals[i];
    const std::uint64_t before = applied[index];
    if (total < before) [[unlikely]] {
      ++result.regressed;
      continue;
    }
    buckets[shown_as(index)] += total - before;
    applied[index] = total;
    count += total - before;
  }
  return count;
}

// Any statement of a histogram. Whole or not at all.
void merge_with_care(const Changed& changed, double sum, InstanceHistogram& local,
                     Instance& instance, HistogramValue& value, MergeMode mode,
                     MergeResult& result) {
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
  const std::uint64_t count = add_buckets(
      changed, applied.data(), value.buckets.data(),
      [&](std::size_t index) { return bounds.fold.empty() ? index : bounds.fold[index]; }, result);
  value.count += count;
  result.increments += count;
}

// What nearly all statements are: of buckets that there are, none of which went down, and so far
// from the end of the range that nothing wraps.
bool is_plain(const Changed& changed, const std::uint64_t* applied, std::size_t buckets,
              std::uint64_t count) {
  std::uint64_t bits = count;
  for (std::size_t i = 0; i < changed.size; ++i) {
    const std::size_t index = changed.indexes[i];
    if (index >= buckets) [[unlikely]] {
      return false;
    }
    const std::uint64_t more = changed.totals[i] - applied[index];
    count += more;
    bits |= changed.totals[i] | applied[index] | more | count;
  }
  return (bits >> 63) == 0;
}

void merge_histogram(const Changed& changed, double sum, InstanceHistogram& local,
                     Instance& instance, HistogramValue& value, MergeMode mode,
                     MergeResult& result) {
  std::uint64_t* const applied = instance.applied_buckets.data() + local.applied;
  const InstanceBounds& bounds = instance.bounds[local.bounds];
  if (mode == MergeMode::kMaximum || bounds.folded != value.layout || !bounds.fold.empty() ||
      !is_plain(changed, applied, local.buckets, value.count)) [[unlikely]] {
    merge_with_care(changed, sum, local, instance, value, mode, result);
    return;
  }
  if (!replace_in(value.sum, local.applied_sum, sum)) [[unlikely]] {
    ++result.mismatched;
    return;
  }
  local.applied_sum = sum;
  const std::uint64_t count = add_buckets(
      changed, applied, value.buckets.data(), [](std::size_t index) { return index; }, result);
  value.count += count;
  result.increments += count;
}

}  // namespace

void merge_histograms(const wire::Frame& frame, Instance& instance, Registry& registry,
                      MergeMode mode, MergeResult& result) {
  Unwritten::Marking marking(instance.unwritten);
  Changed changed{frame.bucket_indexes.data(), frame.bucket_totals.data(), 0};
  const std::span<const std::uint32_t> ids = frame.histogram_ids;
  const std::span<const std::uint16_t> sizes = frame.histogram_changed;
  const std::span<const double> sums = frame.histogram_sums;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    changed.size = sizes[i];
    const Target target = target_of(instance, ids[i]);
    if (target.kind() == TargetKind::kHistogram) [[likely]] {
      InstanceHistogram& local = instance.histograms[target.index()];
      merge_histogram(changed, sums[i], local, instance, registry.histograms()[local.value], mode,
                      result);
      marking.moved(ids[i]);
    } else {
      count_odd(target, result);
      if (target.kind() == TargetKind::kRefused) {
        // Whole in keyframes; a delta names only some of the buckets.
        const std::uint64_t total =
            std::accumulate(changed.totals, changed.totals + changed.size, std::uint64_t{0});
        refuse_increments(instance.applied[ids[i]], total, result);
      }
    }
    changed.indexes += changed.size;
    changed.totals += changed.size;
  }
}

}  // namespace weir::sidecar
