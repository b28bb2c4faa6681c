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
      finals = collect_finals(records);
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

}  // namespace weir::sidecar
