#include "sidecar/state/journal.h"

#include <charconv>
#include <utility>

namespace weir::sidecar {
namespace {

constexpr const char* kStem = "journal";
constexpr std::size_t kDigits = 8;

}  // namespace

std::string numbered_name(const std::string& stem, std::uint32_t number) {
  const std::string digits = std::to_string(number);
  return stem + "-" + std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

bool parse_numbered_name(const std::string& name, const std::string& stem, std::uint32_t& number) {
  if (!name.starts_with(stem + "-") || name.size() < stem.size() + 1 + kDigits) {
    return false;
  }
  const char* const begin = name.data() + stem.size() + 1;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  return error == std::errc() && at == end;
}

std::string Journal::name_of(std::uint32_t number) {
  return numbered_name(kStem, number);
}

bool Journal::parse_name(const std::string& name, std::uint32_t& number) {
  return parse_numbered_name(name, kStem, number);
}

Status Journal::begin(std::uint32_t number) {
  Result<std::unique_ptr<Storage::File>> created = storage_.create(name_of(number));
  if (!created.ok()) {
    return created.status();
  }
  head_.number = number;
  head_.role = FileRole::kJournal;
  Bytes head;
  append_head(head, head_);
  if (const Status status = (*created)->append(head); !status.ok()) {
    return status;
  }
  file_ = std::move(*created);
  bytes_ = 0;
  return {};
}

Status Journal::append(std::span<const std::uint8_t> records) {
  if (file_ == nullptr) {
    return Status::error("there is no journal to write to");
  }
  bytes_ += records.size();
  return records.empty() ? Status() : file_->append(records);
}

}  // namespace weir::sidecar
