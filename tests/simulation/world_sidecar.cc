// What the sidecar does, and what is done to it.
#include "tests/simulation/violation.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

void World::for_each_account(void (Account::*what)()) {
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    (publisher->account().*what)();
  }
}

// What works on the disk, and may be killed in the middle of it.
template <typename Work>
void World::with_sidecar(Work&& work) {
  if (!sidecar_.running()) {
    return;
  }
  try {
    work();
  } catch (const Killed&) {
    trace_.say("sidecar is killed in the middle of it");
    sidecar_died(sidecar_.durable());
  }
}

// `durable`: what it has shown was written.
void World::sidecar_died(bool durable) {
  sidecar_.kill();
  was_durable_ = durable;
  nothing_is_missing_ = durable && !lacking_;
  nothing_is_promised_ |= disk_.take_speechless() && !durable;
  for_each_account(&Account::sidecar_died);
}

void World::start_sidecar() {
  trace_.say("sidecar starts");
  const std::uint64_t failures = disk_.failures();
  sidecar::Recovery recovery;
  try {
    recovery = sidecar_.start(now().unix_ms, machine_life_, nats_up_);
  } catch (const Killed&) {
    trace_.say("sidecar is killed while it starts");
    const bool nothing_was_missing = nothing_is_missing_;
    sidecar_died(was_durable_ && failures == disk_.failures());
    nothing_is_missing_ = was_durable_ && nothing_was_missing;
    return;
  }
  trace_.say("sidecar runs, life ", sidecar_.life(),
             !recovery.found   ? ", without a state"
             : recovery.proven ? ", with its state"
                               : ", with a state that may lack something");
  for (const std::string& note : recovery.notes) {
    trace_.say("  it says: ", note);
  }
  if (nothing_is_missing_ && !recovery.proven && failures == disk_.failures()) {
    throw Violation{Invariant::kNeverDown,
                    "all that was shown was written, and the next life does not know it"};
  }
  lacking_ = recovery.found && !recovery.proven;
  if (!recovery.found) {
    shown_.forget_all();
  } else if (nothing_is_promised_) {
    shown_.owes_nothing();
  } else if (!recovery.proven) {
    shown_.may_restart(publishers_);
  }
  if (sidecar_.durable()) {
    for_each_account(&Account::synced);
  }
  nothing_is_promised_ = false;
  announce();
}

void World::sidecar_start(const Action&) {
  if (!sidecar_.running()) {
    start_sidecar();
  }
}

void World::sidecar_kill(const Action& action) {
  if (action.r1 % 2 == 0) {
    scrape(action);  // what was shown a moment ago must be there afterwards
  }
  if (sidecar_.running()) {
    trace_.say("sidecar is killed");
    sidecar_died(sidecar_.durable());
  }
}

void World::sidecar_kill_at(const Action& action) {
  trace_.say("sidecar will be killed on the disk");
  if (action.r1 % 2 == 0) {
    disk_.kill_at(action.r1 % 12, action.r2);
  } else {
    // In the middle of what publishers wait for.
    disk_.kill_at(action.r1 % 3, action.r2);
    fold({});
    commit({});
  }
}

void World::sidecar_stop(const Action&) {
  with_sidecar([this] {
    trace_.say("sidecar stops");
    const bool ready = sidecar_.ready();
    const bool durable = sidecar_.leave();
    if (durable) {
      lacking_ = lacking_ && !ready;
      for_each_account(&Account::synced);
    }
    sidecar_died(durable);
  });
}

void World::commit(const Action&) {
  with_sidecar([this] { sidecar_.commit(); });
}

void World::fold(const Action&) {
  with_sidecar([this] { sidecar_.fold(); });
}

void World::checkpoint(const Action&) {
  with_sidecar([this] {
    const bool ready = sidecar_.ready();
    if (sidecar_.checkpoint_when_due()) {
      lacking_ = lacking_ && !ready;
      trace_.say("a checkpoint is on disk");
      for_each_account(&Account::synced);
    }
  });
}

void World::power_loss(const Action& action) {
  trace_.say(action.r1 % 2 == 0 ? "the machine loses its power"
                                : "the sidecar's own machine loses its power");
  if (sidecar_.running()) {
    sidecar_died(sidecar_.durable());
  }
  // On a disk that failed it could leave no word of what was missing.
  nothing_is_promised_ = nothing_is_promised_ || !was_durable_;
  nothing_is_missing_ = false;
  Random random(action.r2);
  disk_.lose_power(random);
  ++machine_life_;
  if (action.r1 % 2 == 0) {
    bus_.lose_all();
    for (const std::unique_ptr<Publisher>& publisher : publishers_) {
      publisher->kill();
      publisher->excuse_cells_file();  // it was memory
    }
  }
  for_each_account(&Account::power_lost);
}

// One fault at a time: what is to be done about two is not promised.
void World::disk_full(const Action&) {
  disk_.mend();
  disk_.set_full(true);
  trace_.say("the disk is full");
}

void World::disk_fails(const Action& action) {
  disk_.mend();
  switch (action.r1 % 3) {
    case 0:
      disk_.set_sync_fails(true);
      return trace_.say("the disk fails to sync");
    case 1:
      disk_.set_rename_fails(true);
      return trace_.say("the disk fails to rename");
    default:
      disk_.set_read_only(true);
      return trace_.say("the disk is read-only");
  }
}

void World::disk_mended(const Action&) {
  disk_.mend();
}

void World::sidecar_tick(const Action&) {
  if (sidecar_.running()) {
    sidecar_.tick();
  }
}

std::optional<Page> World::read(bool from_scraper) {
  std::optional<Page> page;
  with_sidecar([&] {
    if (!sidecar_.ready()) {
      return;
    }
    const std::uint64_t failures = disk_.failures();
    page = sidecar_.scrape(from_scraper);
    if (sidecar_.durable() && failures == disk_.failures()) {
      for_each_account(&Account::written);
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

void World::scrape(const Action& action) {
  const bool from_scraper = action.r1 % 8 != 0;
  trace_.say(from_scraper ? "scrape" : "somebody looks");
  if (const std::optional<Page> page = read(from_scraper)) {
    shown_.check_page(*page, publishers_, from_scraper);
    sidecar_.check_accounts(false);
  }
}

}  // namespace weir::simulation
