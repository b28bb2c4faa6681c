#include "schemas/cells_file.h"

#include <cstring>

#include "schemas/crc32c.h"

namespace weir::wire::cells_file {
namespace {

template <typename T>
std::span<const std::uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

template <typename T>
void put(const T& value, std::vector<std::uint8_t>& out) {
  const auto bytes = bytes_of(value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_text(std::string_view text, std::vector<std::uint8_t>& out) {
  out.insert(out.end(), text.begin(), text.end());
}

// Takes from the front of bytes that may be anything.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  bool take(T& value) {
    if (bytes_.size() < sizeof value) {
      return false;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return true;
  }
  bool take(std::size_t count, std::span<const std::uint8_t>& out) {
    if (bytes_.size() < count) {
      return false;
    }
    out = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return true;
  }
  bool take(std::size_t count, std::string_view& out) {
    std::span<const std::uint8_t> bytes;
    if (!take(count, bytes)) {
      return false;
    }
    out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return true;
  }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  std::span<const std::uint8_t> bytes_;
};

constexpr std::uint64_t kEntryMask = (std::uint64_t{1} << 48) - 1;

std::uint64_t entry_check(std::uint64_t bits, std::uint32_t block) {
  return std::uint64_t{crc32c(bytes_of(block), crc32c(bytes_of(bits)))} << 48;
}

}  // namespace

std::uint32_t checksum_of(Head head) {
  head.checksum = 0;
  return crc32c(bytes_of(head));
}

std::uint64_t pack(const Entry& entry, std::uint32_t block) {
  const std::uint64_t bits = std::uint64_t{static_cast<std::uint8_t>(entry.kind)} |
                             std::uint64_t{entry.segment} << 8 | std::uint64_t{entry.ordinal} << 24;
  return (bits & kEntryMask) | entry_check(bits & kEntryMask, block);
}

std::optional<Entry> unpack(std::uint64_t bits, std::uint32_t block) {
  if (bits == 0) {
    return Entry{};
  }
  const std::uint64_t content = bits & kEntryMask;
  const auto kind = static_cast<std::uint8_t>(content & 0xff);
  if (kind == 0 || kind > static_cast<std::uint8_t>(Block::kCells) ||
      bits != (content | entry_check(content, block))) {
    return std::nullopt;
  }
  return Entry{static_cast<Block>(kind), static_cast<std::uint16_t>(content >> 8),
               static_cast<std::uint32_t>(content >> 24)};
}

std::uint32_t checksum_of(const RecordHead& head, std::span<const std::uint8_t> body) {
  return crc32c(body, crc32c(bytes_of(head.tag), crc32c(bytes_of(head.kind))));
}

void encode_identity(std::span<const std::uint8_t> frame, std::string_view subject_prefix,
                     std::vector<std::uint8_t>& out) {
  put(static_cast<std::uint32_t>(frame.size()), out);
  put(static_cast<std::uint32_t>(subject_prefix.size()), out);
  out.insert(out.end(), frame.begin(), frame.end());
  put_text(subject_prefix, out);
}

void encode_bases(const InstanceId& instance, std::span<const Base> bases,
                  std::vector<std::uint8_t>& out) {
  put(instance.high, out);
  put(instance.low, out);
  for (const Base& base : bases) {
    put(base, out);
  }
}

void encode_series(const Series& series, std::vector<std::uint8_t>& out) {
  put(series.family, out);
  put(series.first_cell, out);
  put(series.started_unix_ms, out);
  put(static_cast<std::uint16_t>(series.label_values.size()), out);
  for (const std::string_view value : series.label_values) {
    put(static_cast<std::uint16_t>(value.size()), out);
    put_text(value, out);
  }
}

std::optional<Identity> decode_identity(std::span<const std::uint8_t> body) {
  Reader reader(body);
  std::uint32_t frame_bytes = 0;
  std::uint32_t prefix_bytes = 0;
  Identity identity;
  if (!reader.take(frame_bytes) || !reader.take(prefix_bytes) ||
      !reader.take(frame_bytes, identity.frame) ||
      !reader.take(prefix_bytes, identity.subject_prefix) || !reader.empty()) {
    return std::nullopt;
  }
  return identity;
}

std::optional<Bases> decode_bases(std::span<const std::uint8_t> body) {
  Reader reader(body);
  Bases bases;
  if (!reader.take(bases.instance.high) || !reader.take(bases.instance.low) ||
      reader.size() % sizeof(Base) != 0) {
    return std::nullopt;
  }
  bases.bases.resize(reader.size() / sizeof(Base));
  for (Base& base : bases.bases) {
    (void)reader.take(base);
  }
  return bases;
}

std::optional<Series> decode_series(std::span<const std::uint8_t> body) {
  Reader reader(body);
  Series series;
  std::uint16_t count = 0;
  if (!reader.take(series.family) || !reader.take(series.first_cell) ||
      !reader.take(series.started_unix_ms) || !reader.take(count)) {
    return std::nullopt;
  }
  for (std::uint16_t i = 0; i < count; ++i) {
    std::uint16_t length = 0;
    std::string_view value;
    if (!reader.take(length) || !reader.take(length, value)) {
      return std::nullopt;
    }
    series.label_values.push_back(value);
  }
  return reader.empty() ? std::optional(std::move(series)) : std::nullopt;
}

}  // namespace weir::wire::cells_file
