// What one publisher process counted, and how far it is known to have come: the truth that scrapes
// are held against. A process is one instance after another (it may be told to begin again), each
// with totals from 0. Plain arithmetic; single-threaded.
//
// Per instance and series, in this order: stated >= reached >= heard >= written >= synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/simulation/series.h"
#include "tests/simulation/statement.h"

namespace weir::simulation {

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
  void heard(const Statement& statement);
  void reached_all() { settle(&Instance::reached); }
  // The sidecar has all that it ever will: an acknowledged goodbye, a folded cells file.
  void heard_all() { settle(&Instance::heard); }

  // What the sidecar knows is in the page cache; is on the disk.
  void written();
  void synced();
  void written_all();
  void synced_all();
  // What is left after the sidecar's or the machine's death.
  void sidecar_died();
  void power_lost();
  // The series was given up for good: nothing of the past has to be shown.
  void released(Key key);

  [[nodiscard]] double made(Key key) const { return made_[key.index()]; }
  // Not more than this can be shown.
  [[nodiscard]] double most(Key key) const { return sum(key, &Instance::reached); }
  // Not less than this must be, by what the sidecar has merged.
  [[nodiscard]] double least(Key key) const;
  // The same when it has been heard to the end: what was stated, never arrived and was then taken
  // for counted (a rebase after a long silence) may be missing.
  [[nodiscard]] double least_when_heard(Key key) const;
  [[nodiscard]] std::size_t instances() const { return instances_.size(); }

 private:
  struct Instance {
    Totals stated{};
    Totals reached{};
    Totals heard{};
    Totals written{};
    Totals synced{};
    // The sidecar knows what ids below this mean; of others it skips totals. Ids are dense: it does
    // not learn one before those below it.
    std::uint32_t known = 0;
    std::uint32_t known_written = 0;
    std::uint32_t known_synced = 0;
  };

  void raise(const Statement& statement, Totals Instance::*totals);
  void settle(Totals Instance::*totals);
  [[nodiscard]] double sum(Key key, Totals Instance::*totals) const;

  std::vector<std::size_t> keys_;  // by local id
  Totals made_{};
  Totals released_{};
  std::vector<Instance> instances_;
};

}  // namespace weir::simulation
