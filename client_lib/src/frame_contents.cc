#include "frame_contents.h"

#include <algorithm>
#include <span>

namespace weir {
namespace {

// FlatBuffers: a string is an offset, a length, the bytes, a terminator and padding to 4.
constexpr std::size_t kStringBytes = 4 + 4 + 1 + 3;
constexpr std::size_t kFamilyBytes = 96;  // table, vtable, offsets, padding
constexpr std::size_t kSampleBytes = sizeof(std::uint32_t) + sizeof(std::uint64_t);
constexpr std::size_t kHistogramBytes = kSampleBytes + sizeof(std::uint16_t);
constexpr std::size_t kBucketBytes = sizeof(std::uint16_t) + sizeof(std::uint64_t);

std::size_t bytes_of(const FamilyDefinition& family) {
  std::size_t bytes = kFamilyBytes + family.name.size() + family.help.size() + family.unit.size() +
                      family.group.size() + 4 * kStringBytes;
  for (const std::string& name : family.label_names) {
    bytes += kStringBytes + name.size();
  }
  return bytes + family.bounds.size() * sizeof(double);
}

std::size_t bytes_of(const SeriesCore& series) {
  std::size_t bytes = 2 * sizeof(std::uint32_t) + sizeof(std::int64_t);
  for_each_label_value(series,
                       [&](std::string_view value) { bytes += kStringBytes + value.size(); });
  return bytes;
}

// Puts items one after the other into parts.
class Cutter {
 public:
  Cutter(std::size_t bytes_max, std::vector<Cut>& cuts) : bytes_max_(bytes_max), cuts_(cuts) {}

  void add(std::size_t Cut::*list, std::size_t bytes) {
    if (used_ > 0 && used_ + bytes > bytes_max_) {
      cuts_.push_back(at_);
      used_ = 0;
    }
    used_ += bytes;
    ++(at_.*list);
  }

  void add_samples(std::size_t Cut::*list, std::size_t count, std::size_t bytes_each) {
    while (count > 0) {
      const std::size_t left = bytes_max_ > used_ ? bytes_max_ - used_ : 0;
      const std::size_t fit = std::min(count, left / bytes_each);
      if (fit == 0) {
        add(list, bytes_each);
        --count;
        continue;
      }
      used_ += fit * bytes_each;
      at_.*list += fit;
      count -= fit;
    }
  }

  void add_histogram(std::size_t buckets) {
    add(&Cut::histograms, kHistogramBytes + buckets * kBucketBytes);
    at_.buckets += buckets;
  }

  void finish() { cuts_.push_back(at_); }

 private:
  const std::size_t bytes_max_;
  std::vector<Cut>& cuts_;
  Cut at_;
  std::size_t used_ = 0;
};

template <typename T>
std::span<const T> between(const std::vector<T>& list, std::size_t begin, std::size_t end) {
  return std::span<const T>(list).subspan(begin, end - begin);
}

}  // namespace

wire::FamilyView view_of(const FamilyDefinition& family) {
  wire::FamilyView view;
  view.id = family.id;
  view.name = family.name;
  view.help = family.help;
  view.unit = family.unit;
  view.type = family.kind == MetricKind::kGauge       ? wire::Type::kGauge
              : family.kind == MetricKind::kHistogram ? wire::Type::kHistogram
                                                      : wire::Type::kCounter;
  view.origin = is_own_total(family.kind) || family.kind == MetricKind::kGauge
                    ? wire::Origin::kOwn
                    : wire::Origin::kExternal;
  static_assert(static_cast<int>(Aggregation::kPerInstance) ==
                static_cast<int>(wire::Aggregation::kPerInstance));
  view.aggregation = static_cast<wire::Aggregation>(family.aggregation);
  view.hold_ms = family.hold_ms;
  view.label_names.assign(family.label_names.begin(), family.label_names.end());
  view.bounds = family.bounds;
  view.group = family.group;
  return view;
}

void FrameContents::clear() {
  families.clear();
  series.clear();
  series_ids.clear();
  series_families.clear();
  series_started_unix_ms.clear();
  counter_ids.clear();
  counter_totals.clear();
  double_ids.clear();
  double_totals.clear();
  gauge_ids.clear();
  gauge_values.clear();
  histogram_ids.clear();
  histogram_sums.clear();
  histogram_changed.clear();
  bucket_indexes.clear();
  bucket_totals.clear();
  removals.clear();
}

bool FrameContents::empty() const {
  return families.empty() && series.empty() && counter_ids.empty() && double_ids.empty() &&
         gauge_ids.empty() && histogram_ids.empty() && removals.empty();
}

void FrameContents::add_series(const SeriesCore& definition) {
  series.push_back(&definition);
  series_ids.push_back(definition.id);
  series_families.push_back(definition.family->definition->id);
  series_started_unix_ms.push_back(definition.started_unix_ms);
}

void cut_into_parts(const FrameContents& contents, std::size_t bytes_max, std::vector<Cut>& cuts) {
  cuts.clear();
  Cutter cutter(bytes_max, cuts);
  for (const FamilyDefinition* family : contents.families) {
    cutter.add(&Cut::families, bytes_of(*family));
  }
  for (const SeriesCore* series : contents.series) {
    cutter.add(&Cut::series, bytes_of(*series));
  }
  cutter.add_samples(&Cut::counters, contents.counter_ids.size(), kSampleBytes);
  cutter.add_samples(&Cut::doubles, contents.double_ids.size(), kSampleBytes);
  cutter.add_samples(&Cut::gauges, contents.gauge_ids.size(), kSampleBytes);
  for (const std::uint16_t buckets : contents.histogram_changed) {
    cutter.add_histogram(buckets);
  }
  cutter.add_samples(&Cut::removals, contents.removals.size(), sizeof(std::uint32_t));
  cutter.finish();
}

void fill(wire::Frame& frame, const FrameContents& contents, const Cut& begin, const Cut& end) {
  frame.families.clear();
  for (std::size_t i = begin.families; i < end.families; ++i) {
    frame.families.push_back(view_of(*contents.families[i]));
  }
  frame.series_ids = between(contents.series_ids, begin.series, end.series);
  frame.series_families = between(contents.series_families, begin.series, end.series);
  frame.series_started_unix_ms = between(contents.series_started_unix_ms, begin.series, end.series);
  frame.series_label_values.clear();
  for (std::size_t i = begin.series; i < end.series; ++i) {
    for_each_label_value(*contents.series[i], [&](std::string_view value) {
      frame.series_label_values.push_back(value);
    });
  }
  frame.counter_ids = between(contents.counter_ids, begin.counters, end.counters);
  frame.counter_totals = between(contents.counter_totals, begin.counters, end.counters);
  frame.double_ids = between(contents.double_ids, begin.doubles, end.doubles);
  frame.double_totals = between(contents.double_totals, begin.doubles, end.doubles);
  frame.gauge_ids = between(contents.gauge_ids, begin.gauges, end.gauges);
  frame.gauge_values = between(contents.gauge_values, begin.gauges, end.gauges);
  frame.histogram_ids = between(contents.histogram_ids, begin.histograms, end.histograms);
  frame.histogram_sums = between(contents.histogram_sums, begin.histograms, end.histograms);
  frame.histogram_changed = between(contents.histogram_changed, begin.histograms, end.histograms);
  frame.bucket_indexes = between(contents.bucket_indexes, begin.buckets, end.buckets);
  frame.bucket_totals = between(contents.bucket_totals, begin.buckets, end.buckets);
  frame.removals = between(contents.removals, begin.removals, end.removals);
}

}  // namespace weir
