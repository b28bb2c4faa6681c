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

Status Checkpoint::write(std::span<const std::uint8_t> definitions, bool all_definitions,
                         std::span<const std::uint8_t> totals, std::uint32_t first_journal,
                         bool clean, bool lacking) {
  head_.first_journal = first_journal;
  head_.clean = clean;
  head_.lacking = lacking;
  Status status = write_definitions(definitions, all_definitions);
  if (status.ok()) {
    status = write_totals(totals);
  }
  if (!status.ok()) {
    give_up();
  }
  return status;
}

void Checkpoint::give_up() {
  definitions_.reset();  // how much of it is there is not known: the next one begins anew
  (void)storage_.remove(kNewCheckpointName);  // gives its room back
}

Status Checkpoint::write_definitions(std::span<const std::uint8_t> definitions, bool all) {
  Bytes head;
  if (all) {
    FileHead file = head_;
    file.role = FileRole::kDefinitions;
    file.number = ++head_.definitions_number;
    append_head(head, file);
    Result<std::unique_ptr<Storage::File>> created =
        storage_.create(definitions_name(head_.definitions_number));
    if (!created.ok()) {
      return created.status();
    }
    definitions_ = std::move(*created);
    if (const Status status = definitions_->append(head); !status.ok()) {
      return status;
    }
    head_.definitions_bytes = head.size();
    bytes_when_new_ = head.size() + definitions.size();
  }
  head_.definitions_bytes += definitions.size();
  bytes_written_ += head.size() + definitions.size();
  if (definitions.empty() && !all) {
    return {};
  }
  if (const Status status = definitions_->append(definitions); !status.ok()) {
    return status;
  }
  return definitions_->sync();
}

Status Checkpoint::write_totals(std::span<const std::uint8_t> totals) {
  Bytes bytes;
  FileHead file = head_;
  file.role = FileRole::kCheckpoint;
  append_head(bytes, file);
  ByteWriter(bytes).bytes(totals);
  append_record(bytes, RecordKind::kEnd, {});
  bytes_written_ += bytes.size();
  (void)storage_.remove(kNewCheckpointName);  // of an attempt that failed
  Result<std::unique_ptr<Storage::File>> created = storage_.create(kNewCheckpointName);
  if (!created.ok()) {
    return created.status();
  }
  Status status = (*created)->append(bytes);
  if (status.ok()) {
    status = (*created)->sync();
  }
  if (status.ok()) {
    status = storage_.sync_folder();  // the definitions file must be found, too
  }
  return status;
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
