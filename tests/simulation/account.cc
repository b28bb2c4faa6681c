#include "tests/simulation/account.h"

#include <algorithm>

namespace weir::simulation {

void Account::raise(const Statement& statement, Totals Instance::*totals) {
  Totals& mine = instances_[statement.instance].*totals;
  for (const auto& [id, total] : statement.totals) {
    mine[keys_[id]] = std::max(mine[keys_[id]], total);
  }
}

void Account::heard(const Statement& statement, std::size_t side) {
  Knowledge& of = instances_[statement.instance].sides[side];
  for (const std::uint32_t id : statement.defined) {
    of.known = std::max(of.known, id == of.known ? id + 1 : 0);
  }
  for (const auto& [id, total] : statement.totals) {
    if (id < of.known) {
      of.heard[keys_[id]] = std::max(of.heard[keys_[id]], total);
    }
  }
}

double Account::made_by_last(std::size_t key) const {
  double before = 0;
  for (const Instance& instance : instances_) {
    before += &instance == &instances_.back() ? 0 : instance.stated[key];
  }
  return made_[key] - before;
}

void Account::settle(Totals Instance::*totals) {
  Instance& last = instances_.back();
  for (std::size_t i = 0; i < kKeys; ++i) {
    (last.*totals)[i] = std::max((last.*totals)[i], made_by_last(i));
  }
}

void Account::settle(std::size_t side, Totals Knowledge::*totals) {
  Knowledge& last = instances_.back().sides[side];
  for (std::size_t i = 0; i < kKeys; ++i) {
    (last.*totals)[i] = std::max((last.*totals)[i], made_by_last(i));
  }
}

void Account::written(std::size_t side) {
  for (Instance& instance : instances_) {
    Knowledge& of = instance.sides[side];
    of.written = of.heard;
    of.known_written = of.known;
  }
}

void Account::synced(std::size_t side) {
  written(side);
  for (Instance& instance : instances_) {
    Knowledge& of = instance.sides[side];
    of.synced = of.written;
    of.known_synced = of.known;
  }
}

void Account::synced_all(std::size_t side) {
  settle(&Instance::reached);
  settle(side, &Knowledge::heard);
  settle(side, &Knowledge::written);
  settle(side, &Knowledge::synced);
}

void Account::sidecar_died(std::size_t side) {
  for (Instance& instance : instances_) {
    Knowledge& of = instance.sides[side];
    of.heard = of.written;
    of.known = of.known_written;
  }
}

void Account::power_lost(std::size_t side) {
  for (Instance& instance : instances_) {
    Knowledge& of = instance.sides[side];
    of.heard = of.written = of.synced;
    of.known = of.known_written = of.known_synced;
  }
}

void Account::disk_lost(std::size_t side) {
  for (Instance& instance : instances_) {
    instance.sides[side] = {};
  }
}

void Account::released(Key key) {
  released_[key.index()] = made_[key.index()];
}

double Account::Instance::heard(Key key) const {
  double most = 0;
  for (const Knowledge& of : sides) {
    most = std::max(most, of.heard[key.index()]);
  }
  return most;
}

double Account::most(Key key) const {
  double result = 0;
  for (const Instance& instance : instances_) {
    result += instance.reached[key.index()];
  }
  return result;
}

double Account::least(Key key, std::size_t side) const {
  double result = -released_[key.index()];
  for (const Instance& instance : instances_) {
    result += instance.sides[side].heard[key.index()];
  }
  return std::max(0.0, result);
}

double Account::least(Key key) const {
  double result = -released_[key.index()];
  for (const Instance& instance : instances_) {
    result += instance.heard(key);
  }
  return std::max(0.0, result);
}

double Account::least_when_heard(Key key) const {
  const Instance& last = instances_.back();
  double missing = 0;
  for (const Instance& instance : instances_) {
    if (&instance != &last) {
      missing += instance.stated[key.index()] - instance.heard(key);
    }
  }
  return std::max(0.0, made_[key.index()] - missing - released_[key.index()]);
}

}  // namespace weir::simulation
