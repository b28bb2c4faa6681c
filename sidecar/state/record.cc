#include "sidecar/state/record.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::sidecar {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

constexpr std::string_view kMagic = "WEIRSTAT";

struct Frame {
  std::uint32_t bytes;  // of the content
  std::uint32_t crc;
  std::uint8_t kind;
  std::uint8_t zero[3];
};
static_assert(sizeof(Frame) == 12);

std::uint32_t checksum(std::uint8_t kind, std::span<const std::uint8_t> content) {
  return ::crc32_gzip_refl(::crc32_gzip_refl(0, &kind, 1), content.data(), content.size());
}

}  // namespace

void ByteReader::take(void* to, std::size_t size) {
  if (!ok_ || rest_.size() < size) {
    ok_ = false;
    rest_ = {};
    return;
  }
  std::memcpy(to, rest_.data(), size);
  rest_ = rest_.subspan(size);
}

std::string_view ByteReader::text() {
  const auto size = number<std::uint32_t>();
  if (!ok_ || rest_.size() < size) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view value(reinterpret_cast<const char*>(rest_.data()), size);
  rest_ = rest_.subspan(size);
  return value;
}

void append_record(Bytes& out, RecordKind kind, std::span<const std::uint8_t> content) {
  const auto byte = static_cast<std::uint8_t>(kind);
  const Frame frame{
      static_cast<std::uint32_t>(content.size()), checksum(byte, content), byte, {0, 0, 0}};
  ByteWriter(out).number(frame).bytes(content);
}

bool RecordReader::next(Record& record) {
  if (at_ == bytes_.size() || !why_stopped_.empty()) {
    return false;
  }
  Frame frame{};
  const std::size_t left = bytes_.size() - at_;
  if (left < sizeof frame) {
    cut_off_ = true;
    why_stopped_ = "cut off at byte " + std::to_string(at_);
    return false;
  }
  std::memcpy(&frame, bytes_.data() + at_, sizeof frame);
  if (left - sizeof frame < frame.bytes) {
    cut_off_ = true;
    why_stopped_ = "cut off within the record at byte " + std::to_string(at_);
    return false;
  }
  record.kind = static_cast<RecordKind>(frame.kind);
  record.content = bytes_.subspan(at_ + sizeof frame, frame.bytes);
  if (checksum(frame.kind, record.content) != frame.crc) {
    why_stopped_ = "wrong checksum of the record at byte " + std::to_string(at_);
    return false;
  }
  at_ += sizeof frame + frame.bytes;
  return true;
}

bool RecordReader::may_be_torn() const {
  const std::span<const std::uint8_t> rest = bytes_.subspan(at_);
  if (std::ranges::all_of(rest, [](std::uint8_t byte) { return byte == 0; })) {
    return true;
  }
  if (!cut_off_) {
    return false;
  }
  for (std::size_t at = 1; at + sizeof(Frame) <= rest.size(); ++at) {
    Frame frame{};
    std::memcpy(&frame, rest.data() + at, sizeof frame);
    const bool plausible = frame.kind != 0 &&
                           (frame.zero[0] | frame.zero[1] | frame.zero[2]) == 0 &&
                           frame.bytes <= rest.size() - at - sizeof frame;
    if (plausible &&
        checksum(frame.kind, rest.subspan(at + sizeof frame, frame.bytes)) == frame.crc) {
      return false;
    }
  }
  return true;
}

void append_head(Bytes& out, const FileHead& head) {
  Bytes content;
  ByteWriter(content)
      .text(kMagic)
      .number(head.version)
      .number(head.role)
      .number(head.number)
      .text(head.node)
      .text(head.boot_id)
      .number(head.definitions_number)
      .number(head.definitions_bytes)
      .number(head.first_journal)
      .number(static_cast<std::uint8_t>(head.clean))
      .number(static_cast<std::uint8_t>(head.lacking));
  append_record(out, RecordKind::kHead, content);
}

std::string read_head(const Record& record, FileHead& head) {
  ByteReader reader(record.content);
  if (record.kind != RecordKind::kHead || reader.text() != kMagic) {
    return "no state file of weir-sidecar";
  }
  head.version = reader.number<std::uint32_t>();
  if (head.version != kStateVersion) {
    return "has version " + std::to_string(head.version) + ", this sidecar reads version " +
           std::to_string(kStateVersion);
  }
  head.role = reader.number<FileRole>();
  head.number = reader.number<std::uint32_t>();
  head.node = reader.text();
  head.boot_id = reader.text();
  head.definitions_number = reader.number<std::uint32_t>();
  head.definitions_bytes = reader.number<std::uint64_t>();
  head.first_journal = reader.number<std::uint32_t>();
  head.clean = reader.number<std::uint8_t>() != 0;
  head.lacking = reader.number<std::uint8_t>() != 0;
  return reader.ok() ? "" : "its head is cut off";
}

}  // namespace weir::sidecar
