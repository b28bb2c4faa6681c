// The aggregated registry: families and series of all publishers, and the sums over them. It knows
// nothing of frames, instances' lives or HTTP. Thread-compatible: const methods may run together;
// otherwise the caller locks (engine.h says how).
//
// Invariants:
// 1. An own counter's value is the sum of all totals that were ever merged into it; it never goes
// down.
// 2. A series' address in the value arrays never changes while an instance table points to it.
// 3. Of the families of one name, the one that the newest living publisher defined is shown.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sidecar/registry/bucket_runs.h"
#include "sidecar/registry/family.h"
#include "sidecar/registry/index_table.h"
#include "sidecar/registry/slots.h"

namespace weir::sidecar {

class Registry {
 public:
  // ---- Structure

  Registry() { intern_service(""); }

  // Finds or makes the family of this definition; `started_unix_ms` is the defining instance's
  // start.
  std::uint32_t define_family(const wire::FamilyView& definition, std::int64_t started_unix_ms);
  // Why this family's samples can not be shown beside what is there, in words; empty if they can.
  [[nodiscard]] std::string why_not_shown(std::uint32_t family) const;
  // The other way round: which definitions of living publishers this family keeps from being shown.
  [[nodiscard]] std::string whom_it_hides(std::uint32_t family) const;
  // A family whose printed names (x_bucket, x_count, ...) collide with another's, in words; empty
  // if none.
  [[nodiscard]] std::string why_name_taken(const wire::FamilyView& definition) const;

  // Series and their texts, of all publishers together.
  struct Capacity {
    std::size_t series_max = 10'000'000;
    std::size_t label_bytes_max = std::size_t{2} << 30;
  };
  void set_capacity(const Capacity& capacity) { capacity_ = capacity; }
  // kNone if it would be new and there is no room.
  std::uint32_t define_series(std::uint32_t family, const std::string& labels,
                              std::string_view service, std::int64_t started_unix_ms);

  // The layout in force for histograms of this family and service, after an instance that started
  // then declared `bounds`. If the layout changed, every histogram of the service has been folded
  // onto it.
  std::shared_ptr<const BucketLayout> declare_bounds(std::uint32_t family, std::string_view service,
                                                     std::span<const double> bounds,
                                                     std::int64_t started_unix_ms);

  std::uint32_t counter_of(std::uint32_t series);  // slots, made on first use
  std::uint32_t double_counter_of(std::uint32_t series);
  std::uint32_t histogram_of(std::uint32_t series, std::shared_ptr<const BucketLayout> layout);
  [[nodiscard]] HistogramCopy copy_histogram(std::uint32_t histogram) const;
  void restore_histogram(std::uint32_t histogram, const HistogramCopy& from);
  std::uint32_t add_reading(std::uint32_t series, const Contributor* contributor);
  void remove_reading(std::uint32_t reading);
  // Its publisher has exited; it stays until then.
  void hold_reading(std::uint32_t reading, std::int64_t until_unix_ms);
  // Whether any was held since the last time that this was asked.
  bool take_held_changed() { return std::exchange(held_changed_, false); }

  // From now on an own series that began after this moment shows 0 in the first scrape that has it.
  void zero_first_since(std::int64_t unix_ms) { zero_first_since_unix_ms_ = unix_ms; }
  [[nodiscard]] bool shows_zero_first() const { return zero_first_since_unix_ms_ != kNever; }
  // Whether this scrape is that one; the next is not.
  bool take_zero(std::uint32_t series) {
    const bool taken = std::exchange(rows_[series].zero_pending, false);
    unshown_count_ -= taken ? 1 : 0;
    zeros_taken_ += taken ? 1 : 0;
    if (unshown_count_ == 0) {
      unshown_ = {};
    }
    return taken;
  }
  [[nodiscard]] bool any_unshown() const { return unshown_count_ > 0; }
  [[nodiscard]] std::uint64_t zeros_taken() const { return zeros_taken_; }  // so far
  // From the state directory: every series so far was shown, or this one was not.
  void all_shown();
  void not_shown(std::uint32_t series);

  // The series begins anew at 0: what was counted so far may be less than what was shown once, and
  // a counter goes down to 0 or not at all.
  void restart(std::uint32_t series, std::int64_t now_unix_ms);
  // What is taken off when it is shown; null: nothing.
  [[nodiscard]] const Offset* offset_of(std::uint32_t series) const;
  [[nodiscard]] bool has_no_offsets() const { return offsets_.empty(); }
  void restore_offset(std::uint32_t series, Offset offset);
  // Whether any series was restarted since the last time that this was asked.
  bool take_offsets_changed() { return std::exchange(offsets_changed_, false); }
  template <typename Visit>
  void for_each_offset(Visit&& visit) const {
    for (const auto& [series, offset] : offsets_) {
      visit(series, offset);
    }
  }

  // A living publisher shows the series, or no longer does: because it ended, or because it removed
  // it.
  void show(std::uint32_t series);
  void unshow(std::uint32_t series, std::int64_t now_unix_ms, bool removed);
  void reference(std::uint32_t series) { rest_[series].referenced_by++; }
  void unreference(std::uint32_t series) { rest_[series].referenced_by--; }

  // Frees what nothing points to: readings-only series at once, totals after `retired_ttl_ms`.
  // Returns how many series left memory.
  // `freed` is told which.
  std::size_t expire(std::int64_t now_unix_ms, std::int64_t series_ttl_ms,
                     std::int64_t retired_ttl_ms,
                     const std::function<void(std::uint32_t series)>& freed = {});

  // ---- Values

  Slots<std::uint64_t>& counters() { return counters_; }
  Slots<ExactSum>& double_counters() { return double_counters_; }
  Slots<Reading>& readings() { return readings_; }
  Slots<HistogramValue>& histograms() { return histograms_; }
  [[nodiscard]] const Slots<std::uint64_t>& counters() const { return counters_; }
  [[nodiscard]] const Slots<ExactSum>& double_counters() const { return double_counters_; }
  [[nodiscard]] const Slots<Reading>& readings() const { return readings_; }
  [[nodiscard]] std::size_t bucket_count() const { return bucket_runs_.words(); }
  [[nodiscard]] const Slots<HistogramValue>& histograms() const { return histograms_; }

  // ---- Reading

  [[nodiscard]] Series series(std::uint32_t index) const { return {rows_[index], rest_[index]}; }
  [[nodiscard]] const SeriesRow& row(std::uint32_t index) const { return rows_[index]; }
  // The rows of all series, in the order in which they lie in memory; of one of so many parts.
  template <typename Visit>
  void for_each_row(std::uint32_t part, std::uint32_t parts, Visit&& visit) const {
    rows_.for_each(part, parts, visit);
  }
  [[nodiscard]] std::string labels_of(const SeriesRow& series) const;
  // The same for many, cheap in the order of their families and places.
  [[nodiscard]] const std::string& labels_of(const SeriesRow& series,
                                             RowBlock::Cursor& cursor) const;
  [[nodiscard]] std::string_view service_of(const SeriesRest& series) const {
    return *services_[series.service];
  }
  [[nodiscard]] Family& family(std::uint32_t index) { return *families_[index]; }
  [[nodiscard]] const Family& family(std::uint32_t index) const { return *families_[index]; }
  template <typename Visit>
  void for_each_series(Visit&& visit) const {
    for (const std::unique_ptr<Family>& family : families_) {
      for (const std::shared_ptr<RowBlock>& block : family->blocks) {
        for (const std::uint32_t series : block->series()) {
          visit(series);
        }
      }
    }
  }
  [[nodiscard]] std::size_t series_count() const { return rows_.used(); }
  [[nodiscard]] std::size_t family_count() const { return by_name_.size(); }
  [[nodiscard]] std::size_t definition_count() const { return families_.size(); }
  // In order of their names: for each name the family that is shown.
  [[nodiscard]] std::vector<std::uint32_t> shown_families() const;
  [[nodiscard]] bool is_shown(const Series& series, std::int64_t now_unix_ms,
                              std::int64_t series_ttl_ms) const;

  // Aggregation per family name that the configuration sets over what publishers declare.
  void override_aggregation(std::string name, wire::Aggregation aggregation) {
    aggregation_overrides_[std::move(name)] = aggregation;
  }

 private:
  [[nodiscard]] std::uint32_t winner_of(const std::vector<std::uint32_t>& candidates) const;
  static constexpr std::int64_t kNever = INT64_MAX;

  [[nodiscard]] bool owns_its_names(const Family& family) const;
  [[nodiscard]] bool has_living_publishers(std::string_view name) const;
  void place(std::uint32_t series, Family& family, std::string_view labels);
  void take_out(Family& family, const std::function<bool(std::uint32_t series)>& gone);
  void rewrite(Family& family, std::size_t block, const std::function<bool(std::uint32_t)>& gone);
  void gather(Family& family);
  void free_series(std::uint32_t index);
  void note_unshown(std::uint32_t series);
  std::uint32_t intern_service(std::string_view text);

  std::vector<std::unique_ptr<Family>> families_;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> by_name_;
  Slots<SeriesRow> rows_;  // of one index: a series
  Slots<SeriesRest> rest_;
  Slots<std::uint64_t> counters_;
  Slots<ExactSum> double_counters_;
  BucketRuns bucket_runs_;
  Slots<HistogramValue> histograms_;
  Slots<Reading> readings_;
  IndexTable index_;
  std::uint64_t block_serial_ = 0;
  // The row that was placed last, and its text: the next one is mostly its neighbour.
  const RowBlock* placed_in_ = nullptr;
  std::string placed_text_;
  std::map<std::string, std::string, std::less<>> claims_;  // printed name -> the family's name
  std::map<std::string, wire::Aggregation, std::less<>> aggregation_overrides_;
  std::map<std::string, std::uint32_t, std::less<>> service_ids_;
  std::vector<const std::string*> services_;  // by id
  std::int64_t zero_first_since_unix_ms_ = kNever;
  std::vector<std::uint32_t> unshown_;  // may hold series that were shown since
  std::size_t unshown_count_ = 0;
  std::uint64_t zeros_taken_ = 0;
  bool held_changed_ = false;
  bool offsets_changed_ = false;
  std::unordered_map<std::uint32_t, Offset> offsets_;  // by series
  Capacity capacity_;
  std::size_t label_bytes_ = 0;
};

}  // namespace weir::sidecar
