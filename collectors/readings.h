// What a collector writes its readings to: `temperature.with("0").set(54)`. Readings are staged,
// and reach the registry all at once when the update has succeeded: a series that the update did
// not touch is removed then, and an update that fails or comes late changes nothing.
// Single-threaded: only the collector's own thread calls this (ReadingsSet apart, which says its
// own).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weir/family.h"

namespace weir::collectors {

class StagedFamily {
 public:
  virtual ~StagedFamily() = default;
  // An update begins: nothing is touched yet.
  void begin() {
    ++update_;
    cursor_ = 0;
  }
  // Touched series reach the registry, the others leave it. `withdrawn`: it holds none of them.
  virtual void commit(bool withdrawn) = 0;
  // The update failed: forgets the series that it made. Those that the registry knows stay here.
  virtual void discard() = 0;
  // All series leave the registry. Touches the registry only, so any thread may call it.
  virtual void withdraw() const = 0;

 protected:
  std::uint64_t update_ = 1;
  std::size_t cursor_ = 0;
};

// How a reading of one kind of handle is given: kernel counters as integers, the rest as doubles.
template <typename Handle>
struct ReadingValue {
  using Type = double;
};
template <>
struct ReadingValue<ExternalCounter> {
  using Type = std::uint64_t;
};

template <typename Handle>
struct StagedSeries {
  std::string key;  // the label values, each behind its length
  typename ReadingValue<Handle>::Type value{};
  std::uint64_t touched = 0;  // the update that set it last
  Handle handle;
  std::size_t position = 0;  // in its family
  bool exported = false;     // the registry knows it, and shows it unless withdrawn
};

template <typename Handle>
class StagedFamilyOf final : public StagedFamily {
 public:
  explicit StagedFamilyOf(Family<Handle> family) : family_(family) {}

  StagedSeries<Handle>& find(std::span<const std::string_view> values);
  [[nodiscard]] std::uint64_t update() const { return update_; }
  void commit(bool withdrawn) override;
  void discard() override;
  void withdraw() const override { family_.remove_all(); }

 private:
  template <typename Predicate>
  void keep_if(const Predicate& keep);

  using Series = StagedSeries<Handle>;
  Family<Handle> family_;
  std::vector<std::unique_ptr<Series>> series_;  // in the order of the last update, mostly
  std::unordered_map<std::string_view, Series*> by_key_;
  std::string scratch_;
};

// One reading of one series. Valid until the update ends.
template <typename Handle>
class Reading {
 public:
  using Value = typename ReadingValue<Handle>::Type;
  Reading() = default;
  Reading(StagedSeries<Handle>& series, std::uint64_t update) : series_(&series), update_(update) {}
  void set(Value value) noexcept {
    if (series_ != nullptr) {
      series_->value = value;
      series_->touched = update_;
    }
  }

 private:
  StagedSeries<Handle>* series_ = nullptr;
  std::uint64_t update_ = 0;
};

// One metric of a collector. A small value, made by Setup; default-constructed it goes nowhere.
template <typename Handle>
class Readings {
 public:
  using Value = typename ReadingValue<Handle>::Type;
  Readings() = default;
  explicit Readings(StagedFamilyOf<Handle>& family) : family_(&family) {}

  // Label values in the order of the label names.
  template <typename... Values>
  [[nodiscard]] Reading<Handle> with(const Values&... values) const {
    if (family_ == nullptr) {
      return {};
    }
    const std::array<std::string_view, sizeof...(Values)> views{std::string_view(values)...};
    return Reading<Handle>(family_->find(views), family_->update());
  }
  // For a metric without labels.
  void set(Value value) const { with().set(value); }

 private:
  StagedFamilyOf<Handle>* family_ = nullptr;
};

using GaugeReadings = Readings<Gauge>;
using CounterReadings = Readings<ExternalCounter>;
using DoubleCounterReadings = Readings<ExternalDoubleCounter>;

// All the metrics of one collector. Thread-safe: any method from any thread; but begin(), commit()
// and fail() look at what is staged, so they belong to the thread that stages, and withdraw() is
// for the others.
class ReadingsSet {
 public:
  template <typename Handle>
  Readings<Handle> add(Family<Handle> family) {
    auto staged = std::make_unique<StagedFamilyOf<Handle>>(family);
    Readings<Handle> readings(*staged);
    const std::lock_guard lock(mutex_);
    families_.push_back(std::move(staged));
    return readings;
  }
  void begin();
  void commit();
  // discard() and withdraw(): what a failed update leaves behind.
  void fail();
  void withdraw();

 private:
  void withdraw_locked();

  std::mutex mutex_;
  std::vector<std::unique_ptr<StagedFamily>> families_;  // only grows
  bool withdrawn_ = true;
};

extern template class StagedFamilyOf<Gauge>;
extern template class StagedFamilyOf<ExternalCounter>;
extern template class StagedFamilyOf<ExternalDoubleCounter>;

}  // namespace weir::collectors
