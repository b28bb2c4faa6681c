// What stands behind Registry: families, series, and the lists from which exporters read.
// Thread-safe: any method from any thread.
//
// 1. Families and series are never destroyed or moved before the registry: exporters keep pointers.
// 2. Local ids are dense, one row over all kinds, and are never used again. A removed series is
//    hidden, keeps its id and its total, and comes back with both.
// 3. Locks are held for definitions only; values are read without any.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cell_arena.h"
#include "cells_file.h"
#include "family_core.h"
#include "weir/registry.h"

namespace weir {

template <typename Handle>
struct KindOf;
template <>
struct KindOf<Counter> : std::integral_constant<MetricKind, MetricKind::kCounter> {};
template <>
struct KindOf<DoubleCounter> : std::integral_constant<MetricKind, MetricKind::kDoubleCounter> {};
template <>
struct KindOf<ExternalCounter> : std::integral_constant<MetricKind, MetricKind::kExternalCounter> {
};
template <>
struct KindOf<ExternalDoubleCounter>
    : std::integral_constant<MetricKind, MetricKind::kExternalDoubleCounter> {};
template <>
struct KindOf<Gauge> : std::integral_constant<MetricKind, MetricKind::kGauge> {};
template <>
struct KindOf<Histogram> : std::integral_constant<MetricKind, MetricKind::kHistogram> {};

class FrameSource;

class RegistryCore {
 public:
  explicit RegistryCore(RegistryOptions options);
  ~RegistryCore();
  RegistryCore(const RegistryCore&) = delete;
  RegistryCore& operator=(const RegistryCore&) = delete;

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const Labels& constant_labels() const { return options_.constant_labels; }
  [[nodiscard]] RegistryStats stats() const;
  void on_export(std::function<void()> callback);
  void run_export_callbacks();

  // Registration. The family is null if the status is not ok.
  Status register_family(MetricKind kind, FamilyOptions options, const std::string& prefix,
                         const Labels& scope_labels, FamilyCore*& family);
  template <typename Handle>
  [[nodiscard]] static Family<Handle> family_handle(FamilyCore* family) {
    return Family<Handle>(family);
  }

  // The series of these label values, made or revived; null if it was refused (which is counted).
  SeriesCore* series_of(FamilyCore& family, std::span<const std::string_view> values) noexcept;
  template <typename Handle>
  [[nodiscard]] static Handle handle(const SeriesCore& series);
  [[gnu::cold]] void remove(FamilyCore& family, std::span<const std::string_view> values) noexcept;
  [[gnu::cold]] void remove_all(FamilyCore& family) noexcept;

  // For exporters.
  // Calls visit(const FamilyDefinition&) for each family from index `first` on, in order.
  template <typename Visitor>
  void for_each_family(std::size_t first, Visitor&& visit) const {
    const std::shared_lock lock(mutex_);
    for (std::size_t i = first; i < definitions_.size(); ++i) {
      visit(definitions_[i]);
    }
  }
  // Calls visit(const SeriesCore&) for each series from local id `first` on, in order.
  template <typename Visitor>
  void for_each_series(std::size_t first, Visitor&& visit) const {
    const std::shared_lock lock(mutex_);
    for (std::size_t i = first; i < series_.size(); ++i) {
      visit(series_[i]);
    }
  }
  // What a publisher that ended has stated is counted already: the next one of this process goes on
  // from there. Null if there is none.
  void leave_source(std::unique_ptr<FrameSource> source);
  [[nodiscard]] std::unique_ptr<FrameSource> take_source();

  // The file behind the cells, if there is one (registry_cells.cc).
  [[nodiscard]] CellsState cells() const;
  // Says in the file who the instance is, and what its totals are to be taken relative to. `frame`:
  // a keyframe of it that holds the identity alone.
  void name_cells(const wire::InstanceId& instance, std::string_view subject_prefix,
                  std::span<const std::uint8_t> frame,
                  std::span<const wire::cells_file::Base> bases) noexcept;
  // Takes the file away. Only the simulation does, where it must go wrong (schemas/mutant.h).
  void withdraw_cells() noexcept;
  // In a forked child, whose cells went to private memory: gives them a file of their own, if no
  // other thread may be recording. REQUIRES: signal handlers do not record meanwhile.
  void give_child_a_file() noexcept;

  // Changes whenever a series was hidden or revived.
  [[nodiscard]] std::uint64_t visibility_version() const {
    return visibility_version_.load(std::memory_order_acquire);  // pairs with set_hidden()
  }

 private:
  SeriesCore* find_or_make(FamilyCore& family, std::span<const std::string_view> values,
                           std::uint64_t hash);
  [[gnu::cold]] SeriesCore* make(FamilyCore& family, std::span<const std::string_view> values,
                                 std::uint64_t hash);
  [[gnu::cold]] bool give_value(SeriesCore& series);
  static void forget_external(SeriesCore& series);
  [[gnu::cold]] void set_hidden(SeriesCore& series, bool hidden);
  FamilyCore& bound(FamilyDefinition& definition, std::vector<std::string> fixed_values);
  [[gnu::cold]] void refuse(std::string_view reason) noexcept;
  void make_cells_file() noexcept;
  [[gnu::cold]] void note_in_file(const FamilyDefinition& definition) noexcept;
  [[gnu::cold]] void note_in_file(const SeriesCore& series) noexcept;

  const RegistryOptions options_;
  Status status_;
  std::uint64_t seed_;
  std::atomic<std::uint64_t> visibility_version_{0};

  mutable std::shared_mutex mutex_;               // protects all down to the next lock
  std::string cells_note_;                        // why there is no file
  std::unique_ptr<cells::CellsFile> cells_file_;  // before the arena: closed after it
  cells::CellArena arena_;
  std::deque<FamilyDefinition> definitions_;
  std::deque<SeriesCore> series_;                                  // by local id
  std::map<std::string, FamilyDefinition*, std::less<>> by_name_;  // derived names too
  std::deque<std::atomic<double>> values_;
  std::deque<std::atomic<std::uint64_t>> totals_;

  mutable std::mutex refusal_mutex_;  // protects the next two
  std::uint64_t refused_series_ = 0;
  std::string last_refusal_;

  std::mutex source_mutex_;  // protects the next two
  std::unique_ptr<FrameSource> source_;
  pid_t source_owner_ = 0;

  std::mutex callback_mutex_;                                      // protects the list
  std::vector<std::shared_ptr<std::function<void()>>> callbacks_;  // shared with a running export
  std::mutex export_mutex_;  // held while callbacks run: one export at a time
};

}  // namespace weir
