#include "sidecar/state/checkpoint.h"

#include <utility>

#include "sidecar/state/journal.h"

namespace weir::sidecar {
namespace {

constexpr const char* kDefinitionsStem = "definitions";
constexpr std::uint64_t kSlackBytes = 4u << 20;  // below that nothing is worth tidying

}  // namespace

std::string Checkpoint::definitions_name(std::uint32_t number) {
  return numbered_name(kDefinitionsStem, number);
}

bool Checkpoint::parse_definitions_name(const std::string& name, std::uint32_t& number) {
  return parse_numbered_name(name, kDefinitionsStem, number);
}

bool Checkpoint::wants_all_definitions() const {
  return definitions_ == nullptr || head_.definitions_bytes > 2 * bytes_when_new_ + kSlackBytes;
}

Status Checkpoint::begin_definitions(bool all) {
  anew_ = all;
  synced_ = !all;
  if (!all) {
    return {};
  }
  FileHead file = head_;
  file.role = FileRole::kDefinitions;
  file.number = ++head_.definitions_number;
  Result<std::unique_ptr<Storage::File>> created =
      storage_.create(definitions_name(head_.definitions_number));
  if (!created.ok()) {
    return created.status();
  }
  definitions_ = std::move(*created);
  head_.definitions_bytes = 0;
  Bytes head;
  append_head(head, file);
  return definitions(head);
}

Status Checkpoint::definitions(std::span<const std::uint8_t> records) {
  if (records.empty()) {
    return {};
  }
  synced_ = false;
  head_.definitions_bytes += records.size();
  bytes_written_ += records.size();
  return definitions_->append(records);
}

Status Checkpoint::begin_totals(std::uint32_t first_journal, bool clean, bool lacking) {
  if (!synced_) {
    if (const Status status = definitions_->sync(); !status.ok()) {
      return status;
    }
  }
  if (anew_) {
    bytes_when_new_ = head_.definitions_bytes;
  }
  (void)storage_.remove(kNewCheckpointName);  // of an attempt that failed
  Result<std::unique_ptr<Storage::File>> created = storage_.create(kNewCheckpointName);
  if (!created.ok()) {
    return created.status();
  }
  totals_ = std::move(*created);
  head_.first_journal = first_journal;
  head_.clean = clean;
  head_.lacking = lacking;
  FileHead file = head_;
  file.role = FileRole::kCheckpoint;
  Bytes head;
  append_head(head, file);
  return totals(head);
}

Status Checkpoint::totals(std::span<const std::uint8_t> records) {
  bytes_written_ += records.size();
  return records.empty() ? Status() : totals_->append(records);
}

Status Checkpoint::end() {
  Bytes end;
  append_record(end, RecordKind::kEnd, {});
  Status status = totals(end);
  if (status.ok()) {
    status = totals_->sync();
  }
  totals_.reset();
  if (status.ok()) {
    status = storage_.sync_folder();  // the definitions file must be found, too
  }
  return status;
}

void Checkpoint::give_up() {
  definitions_.reset();  // how much of it is there is not known: the next one begins anew
  totals_.reset();
  (void)storage_.remove(kNewCheckpointName);  // gives its room back
}

Status Checkpoint::take_its_place(bool behind) {
  if (behind) {
    (void)storage_.rename(kCheckpointName, kBehindName);  // which is so already, mostly
  }
  Status status = storage_.rename(kNewCheckpointName, behind ? kBehindName : kCheckpointName);
  if (!status.ok()) {
    give_up();
    return status;
  }
  if (!behind) {
    (void)storage_.remove(kBehindName);  // the one before
  }
  status = storage_.sync_folder();
  if (!status.ok()) {
    definitions_.reset();
  }
  return status;
}

}  // namespace weir::sidecar
