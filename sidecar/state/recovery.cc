#include "sidecar/state/recovery.h"

#include <algorithm>
#include <span>
#include <utility>

#include "sidecar/state/checkpoint.h"
#include "sidecar/state/journal.h"

namespace weir::sidecar {
namespace {

class StateReader {
 public:
  StateReader(Storage& storage, const FileHead& mine, Restorer& restorer, Registry& registry,
              std::int64_t now_unix_ms, Recovery& result)
      : storage_(storage),
        mine_(mine),
        restorer_(restorer),
        registry_(registry),
        now_unix_ms_(now_unix_ms),
        result_(result) {}

  void run();

 private:
  enum class End : std::uint8_t { kWhole, kTorn, kDamaged, kRefused };

  [[nodiscard]] bool has(const std::string& name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  [[nodiscard]] End read(const std::string& name, FileRole role, std::uint64_t bytes_max,
                         FileHead& head, bool& saw_end, std::uint64_t& records);
  [[nodiscard]] bool read_checkpoint(const std::string& name, FileHead& head);
  void read_journals(std::uint32_t first, bool& all_of_this_boot, std::uint64_t& records);
  void set_aside(const std::string& name, const char* suffix, const std::string& why);
  void note(const std::string& name, const std::string& what) {
    result_.notes.push_back(name + ": " + what);
  }

  Storage& storage_;
  const FileHead& mine_;
  Restorer& restorer_;
  Registry& registry_;
  const std::int64_t now_unix_ms_;
  Recovery& result_;
  [[nodiscard]] bool marked_behind(std::uint32_t first_journal) const;

  std::vector<std::string> names_;
};

bool StateReader::marked_behind(std::uint32_t first_journal) const {
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
    std::uint32_t number = 0;
    return parse_numbered_name(name, kBehindStem, number) && number >= first_journal;
  });
}

void StateReader::set_aside(const std::string& name, const char* suffix, const std::string& why) {
  const std::string aside = name + suffix;
  note(name, why + "; kept as " + aside);
  result_.refused.push_back(aside);
  if (const Status status = storage_.rename(name, aside); !status.ok()) {
    note(name, status.reason());
  }
}

StateReader::End StateReader::read(const std::string& name, FileRole role, std::uint64_t bytes_max,
                                   FileHead& head, bool& saw_end, std::uint64_t& records) {
  const Result<Bytes> bytes = storage_.read(name);
  if (!bytes.ok()) {
    note(name, bytes.reason());
    return End::kDamaged;
  }
  const auto used = std::min<std::uint64_t>(bytes_max, bytes->size());
  RecordReader reader(std::span<const std::uint8_t>(*bytes).first(static_cast<std::size_t>(used)));
  Record record;
  if (!reader.next(record)) {
    if (bytes->empty()) {
      return End::kTorn;
    }
    note(name, reader.why_stopped());
    return role == FileRole::kJournal && reader.may_be_torn() ? End::kTorn : End::kDamaged;
  }
  std::string why = read_head(record, head);
  const bool newer = head.version != kStateVersion;
  if (why.empty() && (head.role != role)) {
    why = "is another kind of file than its name says";
  }
  const bool foreign = why.empty() && head.node != mine_.node;
  if (foreign) {
    why = "belongs to node " + head.node + ", this is node " + mine_.node;
  }
  if (!why.empty()) {
    if (newer || foreign) {
      result_.damaged |= newer;
      set_aside(name, ".refused", why);
      return End::kRefused;
    }
    note(name, why);
    return End::kDamaged;
  }
  if (role == FileRole::kCheckpoint) {
    return End::kWhole;  // its records come after those of the definitions file: read again
  }
  while (reader.next(record)) {
    ++records;
    saw_end |= record.kind == RecordKind::kEnd;
    if (std::string lost = restorer_.take(record, now_unix_ms_); !lost.empty()) {
      note(name, lost);
    }
  }
  if (reader.why_stopped().empty()) {
    return used == bytes_max || bytes_max == UINT64_MAX ? End::kWhole : End::kDamaged;
  }
  note(name, reader.why_stopped());
  const bool torn = reader.may_be_torn() || head.boot_id != mine_.boot_id;
  return role == FileRole::kJournal && torn ? End::kTorn : End::kDamaged;
}

bool StateReader::read_checkpoint(const std::string& name, FileHead& head) {
  bool saw_end = false;
  std::uint64_t records = 0;
  const End outer = read(name, FileRole::kCheckpoint, UINT64_MAX, head, saw_end, records);
  if (outer == End::kRefused) {
    for (const std::string& other : names_) {
      std::uint32_t number = 0;
      if (Checkpoint::parse_definitions_name(other, number)) {
        set_aside(other, ".refused", "belongs to a checkpoint that is refused");
      }
    }
    head = {};
    return false;
  }
  bool whole = outer == End::kWhole;
  if (whole) {
    FileHead definitions;
    const std::string of_it = Checkpoint::definitions_name(head.definitions_number);
    const End end = has(of_it) ? read(of_it, FileRole::kDefinitions, head.definitions_bytes,
                                      definitions, saw_end, records)
                               : End::kDamaged;
    if (end != End::kWhole) {
      whole = false;
      if (end == End::kDamaged && has(of_it)) {
        set_aside(of_it, ".damaged", "does not hold what the checkpoint needs");
      }
    }
    registry_.all_shown();
    const Result<Bytes> bytes = storage_.read(name);
    RecordReader reader(bytes.ok() ? std::span<const std::uint8_t>(*bytes)
                                   : std::span<const std::uint8_t>());
    Record record;
    saw_end = false;
    while (reader.next(record)) {
      saw_end |= record.kind == RecordKind::kEnd;
      if (std::string lost = restorer_.take(record, now_unix_ms_); !lost.empty()) {
        note(name, lost);
      }
    }
    if (!reader.why_stopped().empty()) {
      note(name, reader.why_stopped());
    }
    whole &= saw_end;
  }
  if (!whole) {
    result_.damaged = true;
    set_aside(name, ".damaged", "is damaged: what could be read of it counts");
  }
  return whole;
}

void StateReader::read_journals(std::uint32_t first, bool& all_of_this_boot,
                                std::uint64_t& records) {
  std::vector<std::uint32_t> numbers;
  for (const std::string& name : names_) {
    std::uint32_t number = 0;
    if (Journal::parse_name(name, number)) {
      result_.next_journal = std::max(result_.next_journal, number + 1);
      if (number >= first) {
        numbers.push_back(number);
      }
    }
  }
  std::sort(numbers.begin(), numbers.end());
  for (const std::uint32_t number : numbers) {
    result_.found = true;
    const std::string name = Journal::name_of(number);
    FileHead head;
    bool saw_end = false;
    const End end = read(name, FileRole::kJournal, UINT64_MAX, head, saw_end, records);
    // Without a head it was begun and nothing more: who died then was of the boot of those before
    // it.
    all_of_this_boot &= head.boot_id.empty() || head.boot_id == mine_.boot_id;
    if (end == End::kDamaged) {
      result_.damaged = true;
      set_aside(name, ".damaged", "is damaged: what could be read of it counts");
    }
  }
}

void StateReader::run() {
  Result<std::vector<std::string>> listed = storage_.list();
  if (!listed.ok()) {
    result_.notes.push_back(listed.reason());
    result_.damaged = true;
    return;
  }
  names_ = std::move(*listed);
  for (const std::string& name : names_) {
    std::uint32_t number = 0;
    if (Checkpoint::parse_definitions_name(name, number)) {
      result_.next_definitions = std::max(result_.next_definitions, number + 1);
    } else if (parse_numbered_name(name, kBehindStem, number)) {
      // The journal of that number may never have come to be; no later one is what this is about.
      result_.next_journal = std::max(result_.next_journal, number + 1);
    }
  }
  FileHead head;
  const bool behind = !has(kCheckpointName) && has(kBehindName);
  bool in_order = false;
  if (has(kCheckpointName) || behind) {
    result_.found = true;
    in_order = read_checkpoint(behind ? kBehindName : kCheckpointName, head);
  }
  result_.behind = behind || head.lacking || marked_behind(head.first_journal);
  bool of_this_boot = in_order && head.boot_id == mine_.boot_id;
  std::uint64_t records = 0;
  read_journals(head.first_journal, of_this_boot, records);
  restorer_.finish();
  result_.instances = restorer_.instances();
  const bool left_in_order = in_order && head.clean && records == 0;
  result_.proven =
      in_order && !result_.behind && !result_.damaged && (left_in_order || of_this_boot);
}

}  // namespace

Recovery recover_state(Storage& storage, const FileHead& mine, Restorer& restorer,
                       Registry& registry, std::int64_t now_unix_ms) {
  Recovery result;
  StateReader(storage, mine, restorer, registry, now_unix_ms, result).run();
  return result;
}

}  // namespace weir::sidecar
