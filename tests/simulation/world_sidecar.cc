// What the sidecar does, and what is done to it.
#include "tests/simulation/violation.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

Side& World::some_side(const Action& action) {
  return *sides_[(action.r2 >> 16) % sides_.size()];
}

void World::for_each_account(const Side& side, void (Account::*what)(std::size_t)) {
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    (publisher->account().*what)(side.index);
  }
}

// What works on the disk, and may be killed in the middle of it.
template <typename Work>
void World::with_sidecar(Side& side, Work&& work) {
  if (!side.sidecar.running()) {
    return;
  }
  try {
    work();
  } catch (const Killed&) {
    trace_.say(side.name, " is killed in the middle of it");
    sidecar_died(side, side.sidecar.durable());
  }
}

// `durable`: what it has shown was written.
void World::sidecar_died(Side& side, bool durable) {
  side.sidecar.kill();
  side.was_durable = durable;
  side.nothing_is_missing = durable && !side.lacking;
  side.nothing_is_promised |= side.disk.take_speechless() && !durable;
  for_each_account(side, &Account::sidecar_died);
}

void World::start_sidecar(Side& side) {
  trace_.say(side.name, " starts");
  const std::uint64_t failures = side.disk.failures();
  sidecar::Recovery recovery;
  try {
    recovery = side.sidecar.start(now().unix_ms, side.machine_life, nats_up_, is_pair());
  } catch (const Killed&) {
    trace_.say(side.name, " is killed while it starts");
    const bool nothing_was_missing = side.nothing_is_missing;
    sidecar_died(side, side.was_durable && failures == side.disk.failures());
    side.nothing_is_missing = side.was_durable && nothing_was_missing;
    return;
  }
  trace_.say(side.name, " runs, life ", side.sidecar.life(),
             !recovery.found   ? ", without a state"
             : recovery.proven ? ", with its state"
                               : ", with a state that may lack something");
  for (const std::string& note : recovery.notes) {
    trace_.say("  it says: ", note);
  }
  if (side.nothing_is_missing && !recovery.proven && failures == side.disk.failures()) {
    throw Violation{Invariant::kNeverDown,
                    "all that was shown was written, and the next life does not know it"};
  }
  side.lacking = recovery.found && !recovery.proven;
  if (!recovery.found) {
    side.shown.forget_all();
  } else if (side.nothing_is_promised) {
    side.shown.owes_nothing();
  } else if (!recovery.proven) {
    side.shown.may_restart(publishers_);
  }
  if (side.sidecar.durable()) {
    for_each_account(side, &Account::synced);
  }
  side.nothing_is_promised = false;
  announce(side);
}

void World::sidecar_start(const Action& action) {
  if (Side& side = some_side(action); !side.sidecar.running()) {
    start_sidecar(side);
  }
}

void World::kill(Side& side) {
  if (side.sidecar.running()) {
    trace_.say(side.name, " is killed");
    sidecar_died(side, side.sidecar.durable());
  }
}

void World::sidecar_kill(const Action& action) {
  Side& side = some_side(action);
  if (action.r1 % 2 == 0) {
    scrape(side, action.r1 % 8 != 0);  // what was shown a moment ago must be there afterwards
  }
  kill(side);
}

void World::sidecar_kill_at(const Action& action) {
  Side& side = some_side(action);
  trace_.say(side.name, " will be killed on the disk");
  if (action.r1 % 2 == 0) {
    side.disk.kill_at(action.r1 % 12, action.r2);
  } else {
    // In the middle of what publishers wait for.
    side.disk.kill_at(action.r1 % 3, action.r2);
    fold(side);
    commit(side);
  }
}

void World::sidecar_stop(const Action& action) {
  Side& side = some_side(action);
  with_sidecar(side, [&] {
    trace_.say(side.name, " stops");
    const bool ready = side.sidecar.ready();
    const bool durable = side.sidecar.leave();
    if (durable) {
      side.lacking = side.lacking && !ready;
      for_each_account(side, &Account::synced);
    }
    sidecar_died(side, durable);
  });
  if (is_pair() && (action.r2 >> 8) % 2 == 0) {
    lose_disk(side);  // it is replaced by one elsewhere
  }
}

void World::commit(Side& side) {
  with_sidecar(side, [&] { side.sidecar.commit(); });
}

void World::fold(Side& side) {
  with_sidecar(side, [&] { side.sidecar.fold(); });
}

void World::checkpoint(Side& side) {
  with_sidecar(side, [&] {
    const bool ready = side.sidecar.ready();
    if (side.sidecar.checkpoint_when_due()) {
      side.lacking = side.lacking && !ready;
      trace_.say("a checkpoint is on disk");
      for_each_account(side, &Account::synced);
    }
  });
}

void World::tick(Side& side) {
  with_sidecar(side, [&] {
    side.sidecar.tick();
    side.sidecar.exchange();
  });
}

void World::do_what_is_due(Side& side) {
  tick(side);
  commit(side);
  fold(side);
  checkpoint(side);
}

void World::commit(const Action& action) {
  commit(some_side(action));
}

void World::fold(const Action& action) {
  fold(some_side(action));
}

void World::checkpoint(const Action& action) {
  checkpoint(some_side(action));
}

void World::sidecar_tick(const Action& action) {
  tick(some_side(action));
}

void World::lose_power(Side& side, std::uint32_t seed) {
  if (side.sidecar.running()) {
    sidecar_died(side, side.sidecar.durable());
  }
  // On a disk that failed it could leave no word of what was missing.
  side.nothing_is_promised = side.nothing_is_promised || !side.was_durable;
  side.nothing_is_missing = false;
  Random random(seed);
  side.disk.lose_power(random);
  ++side.machine_life;
  for_each_account(side, &Account::power_lost);
}

void World::power_loss(const Action& action) {
  if (action.r1 % 2 != 0) {
    Side& side = some_side(action);
    if (is_pair() && (action.r2 >> 8) % 2 == 0) {
      return lose_disk(side);
    }
    trace_.say("the ", side.name, "'s own machine loses its power");
    return lose_power(side, action.r2);
  }
  trace_.say("the machine loses its power");
  for (const std::unique_ptr<Side>& side : sides_) {
    lose_power(*side, action.r2 + static_cast<std::uint32_t>(side->index));
  }
  held_back_.reset();
  bus_.lose_all();
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    publisher->kill();
    publisher->excuse_cells_file();  // it was memory
  }
}

// One fault at a time: what is to be done about two is not promised.
void World::disk_full(const Action& action) {
  Side& side = some_side(action);
  side.disk.mend();
  side.disk.set_full(true);
  trace_.say("the disk is full");
}

void World::disk_fails(const Action& action) {
  Side& side = some_side(action);
  side.disk.mend();
  switch (action.r1 % 3) {
    case 0:
      side.disk.set_sync_fails(true);
      return trace_.say("the disk fails to sync");
    case 1:
      side.disk.set_rename_fails(true);
      return trace_.say("the disk fails to rename");
    default:
      side.disk.set_read_only(true);
      return trace_.say("the disk is read-only");
  }
}

void World::disk_mended(const Action& action) {
  Side& side = some_side(action);
  side.disk.mend();
}

std::optional<Page> World::read(Side& side, bool from_scraper) {
  std::optional<Page> page;
  with_sidecar(side, [&] {
    if (!side.sidecar.ready()) {
      return;
    }
    const std::uint64_t failures = side.disk.failures();
    page = side.sidecar.scrape(from_scraper);
    if (side.sidecar.durable() && failures == side.disk.failures()) {
      for_each_account(side, &Account::written);
    }
  });
  for (std::size_t service = 0; trace_.enabled() && page && service < kServices; ++service) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      if (const auto& sample = page->at(service, Key::of(i))) {
        trace_.say("  shown: ", describe(service, Key::of(i)), " ", sample->units);
      }
    }
  }
  return page;
}

void World::scrape(Side& side, bool from_scraper) {
  trace_.say(from_scraper ? "scrape" : "somebody looks", side.index == 0 ? "" : " at the second");
  if (const std::optional<Page> page = read(side, from_scraper)) {
    side.shown.check_page(*page, publishers_, from_scraper);
    side.sidecar.check_accounts(false);
  }
}

void World::scrape(const Action& action) {
  scrape(some_side(action), action.r1 % 8 != 0);
}

}  // namespace weir::simulation
