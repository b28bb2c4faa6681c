#include "sidecar/cells/folder.h"

#include "schemas/mutant.h"
#include "sidecar/cells/cells_reader.h"

namespace weir::sidecar {

bool Folder::step(std::int64_t now_unix_ms) {
  const auto found = directory_.abandoned(now_unix_ms);
  if (!found.ok()) {
    counts_.last_reason = found.reason();
    return false;
  }
  std::map<std::string, Pending> still;  // what is gone is forgotten
  for (const CellsDirectory::Abandoned& file : *found) {
    if (const auto known = pending_.find(file.name); known != pending_.end()) {
      still.insert(*known);
    }
  }
  pending_ = std::move(still);

  std::size_t taken = 0;
  for (const CellsDirectory::Abandoned& file : *found) {
    const auto known = pending_.find(file.name);
    if (known != pending_.end() && known->second.again_ms > now_unix_ms) {
      continue;
    }
    if (taken == rules_.files_per_step_max) {
      return true;
    }
    ++taken;
    if (known != pending_.end() && known->second.folded) {
      remove(file.name, now_unix_ms);
    } else {
      take(file, now_unix_ms);
    }
  }
  return false;
}

void Folder::take(const CellsDirectory::Abandoned& file, std::int64_t now_unix_ms) {
  if (!file.unusable.empty()) {
    return refuse(file, file.unusable, now_unix_ms);
  }
  const auto bytes = directory_.read(file.name, rules_.file_bytes_max);
  if (!bytes.ok()) {
    // The other sidecar of a pair may have folded it since it was listed: it is gone the next time.
    const bool again = pending_.contains(file.name);
    return again ? refuse(file, bytes.reason(), now_unix_ms)
                 : postpone(file.name, false, bytes.reason(), now_unix_ms);
  }
  const CellsReading reading =
      read_cells(*bytes, rules_.frame_bytes_max, now_unix_ms, rules_.limits);
  switch (reading.outcome) {
    case CellsReading::Outcome::kUnreadable:
      return refuse(file, reading.why, now_unix_ms);
    case CellsReading::Outcome::kNameless:
      ++counts_.nameless;
      return remove(file.name, now_unix_ms);
    case CellsReading::Outcome::kGoodbye:
      break;
  }
  if (mutant::lacks(mutant::Rule::kJournalFirst)) {
    (void)directory_.remove(file.name);
  }
  switch (sink_.fold(reading.subject, reading.frames)) {
    case FoldSink::Outcome::kLater:
      return postpone(file.name, false, "its totals can not be made durable now", now_unix_ms);
    case FoldSink::Outcome::kRefused:
      return refuse(file, "the sidecar refused its totals, see the list of refusals", now_unix_ms);
    case FoldSink::Outcome::kDurable:
      break;
  }
  ++counts_.folded;
  if (listener_ != nullptr) {
    listener_->folded(file.name, reading.service, reading.pid);
  }
  remove(file.name, now_unix_ms);
}

void Folder::remove(const std::string& name, std::int64_t now_unix_ms) {
  if (const Status status = directory_.remove(name); !status.ok()) {
    return postpone(name, true, status.reason(), now_unix_ms);
  }
  pending_.erase(name);
}

void Folder::refuse(const CellsDirectory::Abandoned& file, const std::string& why,
                    std::int64_t now_unix_ms) {
  const auto known = pending_.find(file.name);
  const bool reported = known != pending_.end() && known->second.reported;
  if (const Status status = directory_.set_aside(file.name); !status.ok()) {
    postpone(file.name, false, why + "; " + status.reason(), now_unix_ms);
    pending_[file.name].reported = true;
  } else {
    pending_.erase(file.name);
    counts_.last_reason = file.name + ": " + why;
  }
  if (!reported) {
    ++counts_.refused;
    if (listener_ != nullptr) {
      listener_->refused(file.name, file.owner_uid, why);
    }
  }
}

void Folder::postpone(const std::string& name, bool folded, const std::string& why,
                      std::int64_t now_unix_ms) {
  ++counts_.postponed;
  counts_.last_reason = name + ": " + why;
  pending_[name] = {folded, false, now_unix_ms + rules_.again_ms};
}

}  // namespace weir::sidecar
