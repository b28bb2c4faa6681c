// What was stated last, per kind of metric, in parallel lists: a flush walks plain arrays, about a
// nanosecond per counter and range. Single-threaded: only the thread of the frame source calls
// this.
//
// 1. A value that was never stated (new, revived, or the next keyframe states all) differs from
//    whatever it is now: its entry holds a mark that no total has.
// 2. `base` is what a former instance stated: totals begin again where it ended. Empty: zero.
// 3. increments_stated() is the sum of all that stands in stated_: it moves with what a statement
//    takes up, so a flush adds nothing up anew. Sums wrap as counters do.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "frame_contents.h"
#include "schemas/cells_file.h"
#include "series_core.h"

namespace weir {

// Which values a statement takes up: those that changed; all; or what was stated before, and
// nothing that was counted since. Readings (gauges, external totals) have no before: of them all
// are taken.
enum class Taking : std::uint8_t { kChanged, kAll, kStated };

using Hidden = std::vector<std::uint8_t>;  // by local id
using Bases = std::vector<wire::cells_file::Base>;

class StatedCounters {
 public:
  [[nodiscard]] std::size_t add(const SeriesCore& series);
  void forget(std::size_t index);
  void rebase();
  void add_bases(Bases& bases) const;
  // Answers whether any total had moved.
  bool take(Taking taking, FrameContents& contents);
  [[nodiscard]] bool moved();
  [[nodiscard]] std::uint64_t increments_stated() const { return increments_stated_; }
  [[nodiscard]] std::uint64_t increments_now();

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  void read();

  std::vector<std::uint32_t> ids_, cells_;
  std::vector<std::uint64_t> stated_, totals_, base_;
  std::uint64_t increments_stated_ = 0;
};

class StatedDoubles {
 public:
  [[nodiscard]] std::size_t add(const SeriesCore& series);
  void forget(std::size_t index) { stated_[index] = kNever; }
  void rebase();
  void add_bases(Bases& bases) const;
  bool take(Taking taking, FrameContents& contents);
  [[nodiscard]] bool moved();

 private:
  static constexpr double kNever = -1;  // a total is never negative
  void read();

  std::vector<std::uint32_t> ids_, cells_;
  std::vector<double> stated_, totals_, base_;
};

// Totals that someone else keeps.
class StatedExternals {
 public:
  [[nodiscard]] std::size_t add(const SeriesCore& series);
  void forget(std::size_t index) { never_[index] = 1; }
  void take(Taking taking, const Hidden& hidden, FrameContents& contents);

 private:
  std::vector<std::uint32_t> ids_;
  std::vector<const std::atomic<std::uint64_t>*> sources_;
  std::vector<std::uint64_t> stated_;
  std::vector<std::uint8_t> never_;  // an external total may be any number
};

// Gauges and external doubles; compared as bits, so that a NaN is not news each time.
class StatedValues {
 public:
  [[nodiscard]] std::size_t add(const SeriesCore& series);
  void forget(std::size_t index) { stated_[index] = kNever; }
  void take(Taking taking, const Hidden& hidden, std::vector<std::uint32_t>& ids,
            std::vector<double>& values);

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};  // a NaN that no arithmetic makes

  std::vector<std::uint32_t> ids_;
  std::vector<const std::atomic<double>*> sources_;
  std::vector<std::uint64_t> stated_;
};

class StatedHistograms {
 public:
  [[nodiscard]] std::size_t add(const SeriesCore& series);
  void forget(std::size_t index) { histograms_[index].never = true; }
  void rebase();
  void add_bases(Bases& bases) const;
  bool take(Taking taking, FrameContents& contents);
  [[nodiscard]] bool moved();
  [[nodiscard]] std::uint64_t increments_stated() const { return increments_stated_; }
  [[nodiscard]] std::uint64_t increments_now();

 private:
  struct Entry {
    std::uint32_t id = 0;
    std::uint32_t first_cell = 0;
    std::size_t first_bucket = 0;  // in stated_ and base_
    std::uint32_t buckets = 0;
    bool never = true;
    double sum = 0;
    double base_sum = 0;
  };
  void restate(FrameContents& contents) const;
  double read(const Entry& entry);  // buckets into now_, relative to the base; answers the sum

  std::vector<Entry> histograms_;
  std::vector<std::uint64_t> stated_, base_;
  std::vector<std::uint64_t> now_;
  std::uint64_t increments_stated_ = 0;
};

}  // namespace weir
