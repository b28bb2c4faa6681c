// The end of a run: faults over, everyone heard, and then nothing may be missing.
#include <algorithm>
#include <string>

#include "tests/simulation/violation.h"
#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

// Longer than every back-off: 60 s between a publisher's attempts, 30 s between a sidecar's.
constexpr int kStepsMax = 60;
constexpr std::int64_t kStepMs = 2500;

}  // namespace

void World::mend_everything() {
  trace_.say("---- faults are over");
  nats_up({});
  for (const std::unique_ptr<Side>& side : sides_) {
    side->disk.mend();
    side->disk.do_not_kill();
    side->cut_off = false;
  }
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    publisher->set_mute(false);
    publisher->set_link(true);
  }
  for (const std::unique_ptr<Side>& side : sides_) {
    if (!side->sidecar.running()) {
      start_sidecar(*side);
    }
  }
}

void World::lingering_processes_end() {
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    if (publisher->lingers()) {
      publisher->kill();
      trace_.say(publisher->name(), "'s process ends");
    }
  }
}

bool World::everyone_is_heard() const {
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    if (!publisher->alive() && publisher->cells_file().empty()) {
      continue;
    }
    if (publisher->lost() || publisher->leaving()) {
      return false;
    }
    for (std::size_t i = 0; i < kKeys; ++i) {
      const Account& account = publisher->account();
      if (account.least(Key::of(i)) < account.least_when_heard(Key::of(i))) {
        return false;
      }
    }
  }
  return true;
}

bool World::all_are_ready() const {
  return std::all_of(sides_.begin(), sides_.end(), [](const std::unique_ptr<Side>& side) {
    return side->sidecar.running() && side->sidecar.ready();
  });
}

void World::come_to_rest() {
  drain();
  lingering_processes_end();
  live_for(3 * kStepMs, kStepMs);
  for (int step = 0; step < kStepsMax && !(everyone_is_heard() && all_are_ready()); ++step) {
    lingering_processes_end();
    live_for(kStepMs, kStepMs);
  }
  if (is_pair()) {
    tell_each_other();
  }
}

void World::check_rest(const char* when) {
  trace_.say("---- ", when);
  std::vector<Page> pages;
  for (const std::unique_ptr<Side>& side : sides_) {
    pages.push_back(check_rest(*side, when));
  }
  if (is_pair()) {
    sides_[0]->shown.check_same(pages[0], sides_[1]->shown, pages[1], when);
  }
}

Page World::check_rest(Side& side, const char* when) {
  // Twice: the first may show a new series' zero.
  const std::optional<Page> first = read(side, true);
  const std::optional<Page> page = read(side, true);
  if (!first || !page) {
    throw Violation{Invariant::kHeard, "the " + side.name + " answers no scrape " + when};
  }
  side.shown.check_page(*first, publishers_, true);
  side.shown.check_page(*page, publishers_, true);
  side.shown.check_rest(*page, publishers_, when);
  if (!everyone_is_heard()) {
    throw Violation{Invariant::kHeard,
                    std::string("a living publisher, or a cells file, is not heard ") + when};
  }
  return *page;
}

// Series that nobody shows have left the page; a count on each shows what was kept of them.
void World::witness_every_series() {
  for (std::size_t service = 0; service < kServices; ++service) {
    Publisher::Traits traits;
    traits.service = service;
    traits.version = service;
    std::array<bool, kKeys> counted{};
    for (const std::unique_ptr<Publisher>& publisher : publishers_) {
      for (std::size_t i = 0; i < kKeys && publisher->traits().service == service; ++i) {
        counted[i] |= publisher->account().made(Key::of(i)) > 0;
      }
    }
    Publisher& witness = add_publisher(traits);
    for (std::size_t i = 0; i < kKeys; ++i) {
      if (counted[i]) {
        witness.count(Key::of(i), 1);
      }
    }
  }
}

// Nothing is in the way, so each must get its answer, also for what it counts meanwhile.
void World::everyone_leaves() {
  std::vector<Publisher*> leaving;
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    if (publisher->alive()) {
      leaving.push_back(publisher.get());
      publisher->goodbye(now());
      publisher->count({publisher->traits().index % kFamilies, 0}, 1);
    }
  }
  for (int step = 0; step < 10; ++step) {
    live_for(20, 20);
  }
  for (Publisher* publisher : leaving) {
    if (publisher->lingers()) {
      publisher->count({publisher->traits().index % kFamilies, 0}, 1);  // after the last goodbye
      publisher->kill();
    }
    if (publisher->alive() || !publisher->acknowledged()) {
      throw Violation{Invariant::kHeard, publisher->name() + "'s goodbye is not acknowledged"};
    }
  }
}

void World::finish() {
  mend_everything();
  come_to_rest();
  check_rest("at rest");
  witness_every_series();
  come_to_rest();
  check_rest("with every series counted once more");
  everyone_leaves();
  come_to_rest();
  check_rest("when everyone has left");
  live_for(40'000,
           10'000);  // parts of keyframes are waited for for 30 s, checkpoints come as often
  for (const std::unique_ptr<Side>& side : sides_) {
    side->sidecar.check_accounts(true);
  }
  for (const std::unique_ptr<Side>& side : sides_) {
    scrape(*side, true);  // what was shown a moment ago must be there afterwards
    kill(*side);
    start_sidecar(*side);
  }
  come_to_rest();
  check_rest("when the sidecar was killed");
  power_loss({});
  for (const std::unique_ptr<Side>& side : sides_) {
    start_sidecar(*side);
  }
  come_to_rest();
  check_rest("when the power was lost");
}

}  // namespace weir::simulation
