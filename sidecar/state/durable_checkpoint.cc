// A checkpoint: a cut between two journals, and everything that there is at the cut or a little
// later. What is counted after the cut is in the journal that begins there, as soon as anyone is
// shown it; that some of it is in the checkpoint, too, does no harm. What no file has is left to
// the next scrape, as ever: a checkpoint that is not in its place yet keeps nothing.
#include <utility>

#include "sidecar/state/checkpoint_walk.h"
#include "sidecar/state/durable_state.h"

namespace weir::sidecar {

struct DurableState::Cut {
  CheckpointWalk walk;
  bool clean;
  bool lacking;
  std::vector<Ingest::Final> finals = {};  // not answered yet
  Bytes remembered = {}, rest = {};
  std::shared_ptr<Storage::File> last_journal = {};
  bool kept = false;   // the journal so far has what those goodbyes said
  bool begun = false;  // the next one is there
  std::uint32_t first_journal = 0;
  std::uint64_t errors = 0;  // so far
};

bool DurableState::cut(std::int64_t now_unix_ms, Cut& cut) {
  const std::lock_guard journal(journal_mutex_);
  Bytes changes;
  {
    const std::lock_guard engine(parts_.engine);
    parts_.directory.drop_finished(now_unix_ms, [&](Instance& instance) {
      collect(instance, changes);  // from now on it is in no journal
      parts_.retirement.take(instance);
    });
    cut.finals = collect_finals(changes);
    if (std::exchange(definitions_anew_, false)) {
      cut.walk.take_all();
    }
    if (!cut.clean && !cut.walk.takes_all() && !status().broken &&
        cut.lacking == lacking_on_disk_ && changes.empty() && cut.finals.empty() &&
        !has_changed()) {
      return false;
    }
    collect_remembered(cut.walk.takes_all(), cut.remembered);
    collect_rest(cut.rest);
    parts_.directory.for_each([&](Instance& instance) {
      if (instance.identified) {
        cut.walk.add(instance);
      }
    });
    for (const auto& retired : parts_.retirement.list()) {
      cut.walk.add(retired);
    }
    note_versions();
  }
  cut.last_journal = journal_->file();
  cut.kept = cut.last_journal != nullptr && append(changes);
  // Before a scrape shows it, and finds nothing to write.
  if (cut.kept && untold_synced_ != untold_) {
    if (const Status synced = cut.last_journal->sync(); !synced.ok()) {
      broke(synced);
      cut.kept = false;
    }
  }
  untold_synced_ = untold_;  // or it is in the checkpoint alone, and that is said
  cut.first_journal = next_journal_;
  const Status status = journal_->begin(next_journal_++);
  cut.begun = status.ok();
  journaling_ = cut.begun;
  if (!cut.begun) {
    broke(status);
  }
  cut.errors = this->status().errors;
  return true;
}

Status DurableState::write(Cut& cut) {
  Bytes step;
  const auto collect_step = [&](auto part) {
    step.clear();
    const std::lock_guard engine(parts_.engine);
    return (cut.walk.*part)(options_.step_bytes, step);
  };
  Status status = checkpoint_->begin_definitions(cut.walk.takes_all());
  for (bool more = true; status.ok() && more;) {
    more = collect_step(&CheckpointWalk::definitions);
    status = checkpoint_->definitions(step);
  }
  if (status.ok()) {
    status = checkpoint_->definitions(cut.remembered);
  }
  if (status.ok()) {
    status = checkpoint_->begin_totals(cut.first_journal, cut.clean, cut.lacking);
  }
  for (bool more = true; status.ok() && more;) {
    more = collect_step(&CheckpointWalk::totals);
    status = checkpoint_->totals(step);
  }
  if (status.ok()) {
    status = checkpoint_->totals(cut.rest);
  }
  if (status.ok()) {
    status = checkpoint_->end();
  }
  if (!status.ok()) {
    checkpoint_->give_up();
  }
  return status;
}

// What broke since the cut is about the new checkpoint: it must never stand there as if nothing
// had.
Status DurableState::put_in_place(Cut& cut) {
  {
    const std::lock_guard lock(behind_mutex_);
    const bool behind = !cut.begun || status().errors != cut.errors;
    if (const Status status = checkpoint_->take_its_place(behind); !status.ok()) {
      return status;
    }
    behind_said_ = behind;
  }
  const std::lock_guard engine(parts_.engine);
  cut.walk.filed();
  return {};
}

bool DurableState::checkpoint(std::int64_t now_unix_ms, bool clean) {
  const std::lock_guard checkpointing(checkpoint_mutex_);
  attempted_unix_ms_ = now_unix_ms;
  Cut cut{.walk = CheckpointWalk(parts_.registry, writer_, checkpoint_->wants_all_definitions()),
          .clean = clean,
          .lacking = lacking_};
  if (!this->cut(now_unix_ms, cut)) {
    return true;
  }
  // Those who wait need not wait for the checkpoint, if the journal can take it. If it cannot, the
  // checkpoint may.
  if (!cut.finals.empty() && cut.kept && cut.last_journal->sync().ok()) {
    answer(std::exchange(cut.finals, {}), true);
  }
  const std::uint64_t bytes_before = checkpoint_->bytes_written();
  Status status = write(cut);
  if (status.ok()) {
    status = put_in_place(cut);
  }
  answer(cut.finals, status.ok());
  if (!status.ok()) {
    broke(status);
    return false;
  }
  lacking_on_disk_ = cut.lacking;
  remove_old(cut.first_journal, checkpoint_->definitions_number());
  bool broken = false;
  {
    const std::lock_guard lock(status_mutex_);
    status_.bytes_written += checkpoint_->bytes_written() - bytes_before;
    ++status_.checkpoints;
    status_.checkpoint_unix_ms = now_unix_ms;
    if (cut.begun && status_.errors == cut.errors) {  // nothing failed behind the cut
      status_.broken = false;
      status_.reason.clear();
    }
    broken = status_.broken;
  }
  if (broken) {
    say_behind();
  }
  return !broken;
}

void DurableState::remove_old(std::uint32_t first_journal, std::uint32_t definitions) {
  const Result<std::vector<std::string>> names = storage_.list();
  if (!names.ok()) {
    return;
  }
  for (const std::string& name : *names) {
    std::uint32_t number = 0;
    if ((Journal::parse_name(name, number) && number < first_journal) ||
        (parse_numbered_name(name, kBehindStem, number) && number < first_journal) ||
        (Checkpoint::parse_definitions_name(name, number) && number < definitions)) {
      (void)storage_.remove(name);
    }
  }
}

}  // namespace weir::sidecar
