// What a statement says, before it is cut into frames: parallel lists, reused from one statement to
// the next. And the cutting: parts that stay below a number of bytes.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "family_core.h"
#include "schemas/frame.h"

namespace weir {

struct FrameContents {
  std::vector<const FamilyDefinition*> families;
  std::vector<const SeriesCore*> series;
  std::vector<std::uint32_t> series_ids, series_families;  // parallel to `series`
  std::vector<std::int64_t> series_started_unix_ms;
  std::vector<std::uint32_t> counter_ids;
  std::vector<std::uint64_t> counter_totals;
  std::vector<std::uint32_t> double_ids;
  std::vector<double> double_totals;
  std::vector<std::uint32_t> gauge_ids;
  std::vector<double> gauge_values;
  std::vector<std::uint32_t> histogram_ids;
  std::vector<double> histogram_sums;
  std::vector<std::uint16_t> histogram_changed;
  std::vector<std::uint16_t> bucket_indexes;
  std::vector<std::uint64_t> bucket_totals;
  std::vector<std::uint32_t> removals;

  void clear();  // keeps the memory
  [[nodiscard]] bool empty() const;
  void add_series(const SeriesCore& definition);
};

// As frames state it; the views are of `family`.
[[nodiscard]] wire::FamilyView view_of(const FamilyDefinition& family);

// Where a part ends in each list.
struct Cut {
  std::size_t families = 0, series = 0, counters = 0, doubles = 0, gauges = 0, histograms = 0,
              buckets = 0, removals = 0;
};

// The ends of the parts, at least one. Each part's lists take at most `bytes_max` in the encoded
// frame, but for a single definition that is larger than that.
void cut_into_parts(const FrameContents& contents, std::size_t bytes_max, std::vector<Cut>& cuts);

// Definitions, totals and removals between the two ends become the frame's.
void fill(wire::Frame& frame, const FrameContents& contents, const Cut& begin, const Cut& end);

}  // namespace weir
