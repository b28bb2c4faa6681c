// What one publisher process counted, and how far it is known to have come: the truth that scrapes
// are held against. A process is one instance after another (it may be told to begin again), each
// with totals from 0. Plain arithmetic; single-threaded.
//
// Per instance and series, in this order: stated >= reached >= heard >= written >= synced. The last
// three are kept for each of the node's sidecars: what one tells the other is on top of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/simulation/series.h"
#include "tests/simulation/statement.h"

namespace weir::simulation {

inline constexpr std::size_t kSidesMax = 2;  // sidecars of a node

class Account {
 public:
  // A series gets its local id when it is first counted.
  void define(Key key) { keys_.push_back(key.index()); }
  void count(Key key, double units) { made_[key.index()] += units; }
  // From now on it is another instance, whose totals begin where the former one's stated ones
  // ended.
  void begin_instance() { instances_.emplace_back(); }

  // A frame was made; it has come to a sidecar; the sidecar says that it has merged it.
  void stated(const Statement& statement) { raise(statement, &Instance::stated); }
  void reached(const Statement& statement) { raise(statement, &Instance::reached); }
  void heard(const Statement& statement, std::size_t side);
  void reached_all() { settle(&Instance::reached); }
  // The sidecar has all that it ever will: an acknowledged goodbye, a folded cells file.
  void heard_all(std::size_t side) { settle(side, &Knowledge::heard); }

  // What the sidecar knows is in the page cache; is on the disk.
  void written(std::size_t side);
  void synced(std::size_t side);
  void synced_all(std::size_t side);
  // What is left after the sidecar's or the machine's death.
  void sidecar_died(std::size_t side);
  void power_lost(std::size_t side);
  void disk_lost(std::size_t side);
  // The series was given up for good: nothing of the past has to be shown.
  void released(Key key);

  [[nodiscard]] double made(Key key) const { return made_[key.index()]; }
  // Not more than this can be shown.
  [[nodiscard]] double most(Key key) const;
  // Not less than this must be, by what the sidecar has merged.
  [[nodiscard]] double least(Key key, std::size_t side) const;
  // The same, once each sidecar has told what it has to the other.
  [[nodiscard]] double least(Key key) const;
  // The same when it has been heard to the end: what was stated, never arrived and was then taken
  // for counted (a rebase after a long silence) may be missing.
  [[nodiscard]] double least_when_heard(Key key) const;
  [[nodiscard]] std::size_t instances() const { return instances_.size(); }

 private:
  // Of one sidecar.
  struct Knowledge {
    Totals heard{};
    Totals written{};
    Totals synced{};
    // The sidecar knows what ids below this mean; of others it skips totals. Ids are dense: it does
    // not learn one before those below it.
    std::uint32_t known = 0;
    std::uint32_t known_written = 0;
    std::uint32_t known_synced = 0;
  };
  struct Instance {
    Totals stated{};
    Totals reached{};
    std::array<Knowledge, kSidesMax> sides;

    [[nodiscard]] double heard(Key key) const;
  };

  void raise(const Statement& statement, Totals Instance::*totals);
  void settle(Totals Instance::*totals);
  void settle(std::size_t side, Totals Knowledge::*totals);
  // The last instance states what the ones before it did not.
  [[nodiscard]] double made_by_last(std::size_t key) const;

  std::vector<std::size_t> keys_;  // by local id
  Totals made_{};
  Totals released_{};
  std::vector<Instance> instances_;
};

}  // namespace weir::simulation
