#include "tests/simulation/account.h"

#include <algorithm>

namespace weir::simulation {

void Account::raise(const Statement& statement, Totals Instance::*totals) {
  Totals& mine = instances_[statement.instance].*totals;
  for (const auto& [id, total] : statement.totals) {
    mine[keys_[id]] = std::max(mine[keys_[id]], total);
  }
}

void Account::heard(const Statement& statement) {
  Instance& instance = instances_[statement.instance];
  for (const std::uint32_t id : statement.defined) {
    instance.known = std::max(instance.known, id == instance.known ? id + 1 : 0);
  }
  for (const auto& [id, total] : statement.totals) {
    if (id < instance.known) {
      instance.heard[keys_[id]] = std::max(instance.heard[keys_[id]], total);
    }
  }
}

// The last instance states what the ones before it did not.
void Account::settle(Totals Instance::*totals) {
  Instance& last = instances_.back();
  for (std::size_t i = 0; i < kKeys; ++i) {
    const double before = sum(Key::of(i), &Instance::stated) - last.stated[i];
    (last.*totals)[i] = std::max((last.*totals)[i], made_[i] - before);
  }
}

void Account::written() {
  for (Instance& instance : instances_) {
    instance.written = instance.heard;
    instance.known_written = instance.known;
  }
}

void Account::synced() {
  written();
  for (Instance& instance : instances_) {
    instance.synced = instance.written;
    instance.known_synced = instance.known;
  }
}

void Account::written_all() {
  settle(&Instance::reached);
  settle(&Instance::heard);
  settle(&Instance::written);
}

void Account::synced_all() {
  written_all();
  settle(&Instance::synced);
}

void Account::sidecar_died() {
  for (Instance& instance : instances_) {
    instance.heard = instance.written;
    instance.known = instance.known_written;
  }
}

void Account::power_lost() {
  for (Instance& instance : instances_) {
    instance.heard = instance.written = instance.synced;
    instance.known = instance.known_written = instance.known_synced;
  }
}

void Account::released(Key key) {
  released_[key.index()] = made_[key.index()];
}

double Account::sum(Key key, Totals Instance::*totals) const {
  double result = 0;
  for (const Instance& instance : instances_) {
    result += (instance.*totals)[key.index()];
  }
  return result;
}

double Account::least(Key key) const {
  return std::max(0.0, sum(key, &Instance::heard) - released_[key.index()]);
}

double Account::least_when_heard(Key key) const {
  const Instance& last = instances_.back();
  double missing = 0;
  for (const Instance& instance : instances_) {
    if (&instance != &last) {
      missing += instance.stated[key.index()] - instance.heard[key.index()];
    }
  }
  return std::max(0.0, made_[key.index()] - missing - released_[key.index()]);
}

}  // namespace weir::simulation
