// What of an instance no file of the state directory has yet. Two files take it up, at times of
// their own: the journal (before a scrape is answered, and when a goodbye is acknowledged), and the
// definitions file (with a checkpoint). Single-threaded: under the engine's lock.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace weir::sidecar {

class Unwritten {
 public:
  // A local id was added, and so on up to it.
  void grow(std::size_t ids) { moved_.resize((ids + 63) / 64); }
  void prefetch() const { __builtin_prefetch(moved_.data(), 1); }
  // A total moved.
  void moved(std::uint32_t id) {
    moved_[id / 64] |= std::uint64_t{1} << (id % 64);
    any_moved_ = true;
    moved_since_checkpoint_ = true;
  }
  // The same, for one who marks many: neighbours share a word, and writing it for each would make
  // each wait for the one before.
  class Marking {
   public:
    explicit Marking(Unwritten& unwritten) : unwritten_(unwritten) {}
    ~Marking() { write(); }
    Marking(const Marking&) = delete;
    Marking& operator=(const Marking&) = delete;
    void moved(std::uint32_t id) {
      if (id / 64 != word_) {
        write();
        word_ = id / 64;
      }
      bits_ |= std::uint64_t{1} << (id % 64);
    }
    // REQUIRES: `count` is less than 64.
    void moved(std::uint32_t first, std::uint32_t count) {
      moved(first);
      const std::uint64_t run = (std::uint64_t{1} << count) - 1;
      bits_ |= run << (first % 64);
      if (const std::uint32_t last = first + count - 1; last / 64 != word_) {
        moved(last);
        bits_ |= run >> (64 - first % 64);
      }
    }

   private:
    void write() {
      if (bits_ != 0) {
        unwritten_.moved_[word_] |= std::exchange(bits_, 0);
        unwritten_.any_moved_ = true;
        unwritten_.moved_since_checkpoint_ = true;
      }
    }
    Unwritten& unwritten_;
    std::uint32_t word_ = 0;
    std::uint64_t bits_ = 0;
  };
  // Announced, hidden or revived.
  void defined_series(std::uint32_t id) { series_.push_back(id); }
  void defined_family(std::uint32_t id) { families_.push_back(id); }

  // Since the last time that this was asked, for the journal; of the series at most so many.
  struct Definitions {
    bool identity = false;
    std::vector<std::uint32_t> families, series;  // local ids
    [[nodiscard]] bool empty() const { return !identity && families.empty() && series.empty(); }
  };
  [[nodiscard]] Definitions take_for_journal(std::size_t series_max);

  // What the definitions file lacks, for a checkpoint. It stays until a checkpoint with it counts.
  [[nodiscard]] bool identity_unfiled() const { return !identity_filed_; }
  [[nodiscard]] std::span<const std::uint32_t> families_unfiled() const { return families_; }
  [[nodiscard]] std::span<const std::uint32_t> series_unfiled() const { return series_; }
  // All of that so far is about to be written;
  void begin_filing();
  // the checkpoint with it counts.
  void filed();
  // Its totals are about to be written to a checkpoint.
  void begin_totals() { moved_since_checkpoint_ = false; }
  [[nodiscard]] bool moved_since_checkpoint() const { return moved_since_checkpoint_; }
  // Whether the last checkpoint lacks anything of it.
  [[nodiscard]] bool any_for_checkpoint() const {
    return moved_since_checkpoint_ || !identity_filed_ || !families_.empty() || !series_.empty();
  }

  // Calls visit(id) for each id that moved since the last time, in order. Asked enough() now and
  // then; true ends the walk, and the answer is where to go on: pass it as `from`. That goes once
  // through the ids: those that move meanwhile, and were visited, are for the next time. The answer
  // to the last call is kAllTaken.
  static constexpr std::uint32_t kAllTaken = UINT32_MAX;
  template <typename Visit, typename Enough>
  std::uint32_t take_moved(std::uint32_t from, Visit&& visit, Enough&& enough) {
    // Who goes on cannot tell what moved meanwhile from what was left.
    if (from == 0 && !std::exchange(any_moved_, false)) {
      return kAllTaken;
    }
    for (std::size_t word = from / 64; word < moved_.size(); ++word) {
      if (moved_[word] == 0) {
        continue;
      }
      const auto first = static_cast<std::uint32_t>(word * 64);
      if (enough()) {
        any_moved_ = true;
        return first;
      }
      for (std::uint64_t bits = std::exchange(moved_[word], 0); bits != 0; bits &= bits - 1) {
        visit(first + static_cast<std::uint32_t>(std::countr_zero(bits)));
      }
    }
    any_moved_ = from > 0 && std::any_of(moved_.begin(), moved_.end(),
                                         [](std::uint64_t bits) { return bits != 0; });
    return kAllTaken;
  }
  [[nodiscard]] bool any_moved() const { return any_moved_; }
  [[nodiscard]] bool any() const {
    return any_moved_ || !identity_journaled_ || series_.size() > series_journaled_ ||
           families_.size() > families_journaled_;
  }

 private:
  std::vector<std::uint64_t> moved_;  // a bit per local id
  bool any_moved_ = false;
  bool moved_since_checkpoint_ = false;
  // Those that the definitions file lacks; the first so many of them are in the journal, and so
  // many in the checkpoint that is being written.
  std::vector<std::uint32_t> series_, families_;
  std::size_t series_journaled_ = 0, families_journaled_ = 0;
  std::size_t series_filing_ = 0, families_filing_ = 0;
  bool identity_journaled_ = false, identity_filed_ = false;
};

}  // namespace weir::sidecar
