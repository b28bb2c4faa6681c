#include "sidecar/state/durable_state.h"

#include <algorithm>
#include <utility>

#include "schemas/mutant.h"

namespace weir::sidecar {
namespace {

FileHead head_like(const DurableOptions& options) {
  FileHead head;
  head.node = options.node;
  head.boot_id = options.boot_id;
  return head;
}

}  // namespace

DurableState::DurableState(DurableOptions options, Storage& storage, Parts parts)
    : options_(std::move(options)), storage_(storage), parts_(parts), writer_(parts.registry) {}

Recovery DurableState::recover(std::int64_t now_unix_ms) {
  const FileHead mine = head_like(options_);
  Recovery recovery;
  {
    const std::lock_guard engine(parts_.engine);
    Restorer restorer(parts_.registry, parts_.directory, parts_.retirement,
                      parts_.ingest.definition_rules());
    recovery = recover_state(storage_, mine, restorer, parts_.registry, now_unix_ms);
    lacking_ = recovery.found && !recovery.proven;
    parts_.directory.for_each([&](Instance& instance) {
      // Whoever had ended had said all; of the others more may have been shown than is here.
      instance.restored = !instance.ended;
      if (instance.restored) {
        parts_.ingest.restored(instance, now_unix_ms);
      }
    });
    parts_.ingest.wait_for_disk();
    checkpoint_.emplace(storage_, mine, recovery.next_definitions);
    journal_.emplace(storage_, mine);
    next_journal_ = recovery.next_journal;
  }
  // Who cannot write now follows one who may have been unable to leave a word of it.
  if (!checkpoint(now_unix_ms, false) && recovery.found) {
    recovery.proven = false;
    recovery.behind = true;
    lacking_ = true;
  }
  return recovery;
}

// ---- Failure

void DurableState::broke(const Status& why) {
  journaling_ = false;
  {
    const std::lock_guard lock(status_mutex_);
    ++status_.errors;
    status_.broken = true;
    status_.reason = why.reason();
  }
  say_behind();
}

// So that the next life knows. A renaming needs no room on the disk, a file needs no checkpoint; if
// neither can be, the next error tries again.
void DurableState::say_behind() {
  const std::lock_guard lock(behind_mutex_);
  behind_said_ = behind_said_ || storage_.rename(kCheckpointName, kBehindName).ok() ||
                 storage_.create(numbered_name(kBehindStem, next_journal_.load() - 1)).ok();
}

// What broke since the cut is about the new checkpoint: it must never stand there as if nothing
// had.
Status DurableState::put_in_place(bool begun, std::uint64_t errors_at_cut) {
  const std::lock_guard lock(behind_mutex_);
  const bool behind = !begun || status().errors != errors_at_cut;
  const Status status = checkpoint_->take_its_place(behind);
  if (status.ok()) {
    behind_said_ = behind;
  }
  return status;
}

bool DurableState::append(std::span<const std::uint8_t> records) {
  if (!journaling_) {
    return false;
  }
  if (const Status written = journal_->append(records); !written.ok()) {
    broke(written);
    return false;
  }
  const std::lock_guard lock(status_mutex_);
  status_.bytes_written += records.size();
  return true;
}

DurableStatus DurableState::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

// ---- When

void DurableState::answer(const std::vector<Ingest::Final>& finals, bool durable) {
  const std::lock_guard engine(parts_.engine);
  for (const Ingest::Final& final : finals) {
    parts_.ingest.answer(final, durable);
  }
}

bool DurableState::commit() {
  std::vector<Ingest::Final> finals;
  std::shared_ptr<Storage::File> file;
  std::uint64_t untold = 0;
  bool written = true;
  {
    const std::lock_guard journal(journal_mutex_);
    Bytes records;
    {
      const std::lock_guard engine(parts_.engine);
      finals = parts_.ingest.take_finals();
      for (const Ingest::Final& final : finals) {
        if (Instance* instance = parts_.directory.find(final.instance)) {
          untold_ += collect(*instance, records) ? 1 : 0;
        }
      }
      if (parts_.registry.take_held_changed()) {
        collect_held(records);
      }
    }
    if (finals.empty() && records.empty()) {
      return !status().broken;
    }
    if (mutant::lacks(mutant::Rule::kJournalFirst)) {
      answer(finals, true);
      finals.clear();
    }
    written = append(records);
    file = journal_->file();
    untold = untold_;
  }
  // The journal goes on meanwhile.
  if (written) {
    if (const Status synced = file->sync(); !synced.ok()) {
      broke(synced);
      written = false;
    }
  }
  if (written) {
    const std::lock_guard journal(journal_mutex_);
    untold_synced_ = std::max(untold_synced_, untold);
  }
  written = written && !status().broken;  // what it follows may not be there yet
  answer(finals, written);
  return written;
}

void DurableState::checkpoint_when_due(std::int64_t now_unix_ms) {
  {
    const std::lock_guard lock(checkpoint_mutex_);
    const std::int64_t wait_ms =
        status().broken ? options_.retry_ms : options_.checkpoint_interval_ms;
    if (now_unix_ms - attempted_unix_ms_ < wait_ms) {
      return;
    }
  }
  checkpoint(now_unix_ms, false);
}

bool DurableState::checkpoint(std::int64_t now_unix_ms, bool clean) {
  const std::lock_guard checkpointing(checkpoint_mutex_);
  attempted_unix_ms_ = now_unix_ms;
  const bool was_broken = status().broken;
  std::vector<Ingest::Final> finals;
  Bytes changes, definitions, totals;
  bool all = checkpoint_->wants_all_definitions();
  const bool lacking = lacking_;
  std::uint32_t first_journal = 0;
  std::shared_ptr<Storage::File> last_journal;
  bool kept = false;  // whether the journal so far holds everything until now
  bool begun = false;
  std::uint64_t errors_at_cut = 0;
  {
    const std::lock_guard journal(journal_mutex_);
    {
      const std::lock_guard engine(parts_.engine);
      parts_.directory.drop_finished(
          now_unix_ms, [&](const Instance& instance) { parts_.retirement.take(instance); });
      finals = parts_.ingest.take_finals();
      untold_ += collect_all(changes) ? 1 : 0;
      all |= std::exchange(definitions_anew_, false);
      if (!clean && !all && !was_broken && lacking == lacking_on_disk_ && finals.empty() &&
          !has_changed(changes)) {
        return true;
      }
      // From here on everything is in the checkpoint, and the next journal begins.
      collect_definitions(all, definitions);
      collect_totals(totals);
      note_versions();
      (void)parts_.registry.take_held_changed();
    }
    last_journal = journal_->file();
    kept = last_journal != nullptr && append(changes);
    // Before a scrape shows it, and finds nothing to write.
    if (kept && untold_synced_ != untold_) {
      if (const Status synced = last_journal->sync(); !synced.ok()) {
        broke(synced);
        kept = false;
      }
    }
    untold_synced_ = untold_;  // or it is in the checkpoint alone, and that is said
    first_journal = next_journal_;
    const Status status = journal_->begin(next_journal_++);
    begun = status.ok();
    journaling_ = begun;
    if (!begun) {
      broke(status);
    }
    errors_at_cut = this->status().errors;
  }
  // Those who wait need not wait for the checkpoint, if the journal can take it. If it cannot, the
  // checkpoint may.
  if (!finals.empty() && kept && last_journal->sync().ok()) {
    answer(std::exchange(finals, {}), true);
  }
  const std::uint64_t bytes_before = checkpoint_->bytes_written();
  Status status = checkpoint_->write(definitions, all, totals, first_journal, clean, lacking);
  if (status.ok()) {
    status = put_in_place(begun, errors_at_cut);
  }
  answer(finals, status.ok());
  if (!status.ok()) {
    broke(status);
    return false;
  }
  lacking_on_disk_ = lacking;
  remove_old(first_journal, checkpoint_->definitions_number());
  bool broken = false;
  {
    const std::lock_guard lock(status_mutex_);
    status_.bytes_written += checkpoint_->bytes_written() - bytes_before;
    ++status_.checkpoints;
    status_.checkpoint_unix_ms = now_unix_ms;
    if (begun && status_.errors == errors_at_cut) {  // nothing failed behind the cut
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
