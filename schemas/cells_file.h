// The layout of a cells file: what a registry writes (client_lib/src/cells_file.h) and a sidecar
// reads when the writer is gone (sidecar/cells/cells_reader.h). It is read on the machine that
// wrote it: numbers are little-endian, and lie at multiples of their size.
//
// The file is a row of blocks of 64 KiB.
//
//   block 0   the head: Head, then one entry (u64) for each block, 0 for those not taken yet
//   others    log, or the cells of one segment in one thread's range, as the entry says
//
// A log block is a row of records, each at a multiple of 8: RecordHead, body, zeroes up to 8. A
// record does not cross blocks; one that does not fit begins the next log block. A RecordHead of
// zero length ends the block. The owner writes a record before what it describes is used, so what a
// kill tears is the last record of the last log block, with nothing but zeroes behind it.
//
//   kIdentity  tag: how many bases the instance has. Body: u32 bytes of the frame, u32 bytes of the
//              subject prefix, the frame (a keyframe with its identity, and nothing else), the
//              prefix. The last one counts: the publisher began again as another instance.
//   kBase      tag 0. Body: InstanceId, then Base after Base: what the instance's totals are to be
//              taken relative to. They stand before the identity of their instance.
//   kFamily    tag: Value. Body: a frame that defines the family, and nothing else.
//   kSeries    tag: its local id. Body: u32 family id, u32 first cell, i64 start in Unix
//              milliseconds, then the label values: u16 how many, and u16 length with the text for
//              each.
//
// Only what the owner itself counts stands here: gauges and external totals end with it.
//
// A cell is 64 bits: a counter's total, the bits of a double. A histogram's cells are version, sum,
// bucket 0 .. bucket n. The index of a cell is segment * kCellsPerBlock + its place in the block,
// and is the same in every range; a total is the sum over the ranges, in their order.
//
// Whoever finds a file with another layout version leaves it alone: Head keeps its place, its size
// and its checksum in all versions. Thread-safe: pure functions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "schemas/instance_id.h"

namespace weir::wire::cells_file {

static_assert(std::endian::native == std::endian::little);

inline constexpr std::uint32_t kLayoutVersion = 1;
inline constexpr std::size_t kBlockBytes = 64 * 1024;
inline constexpr std::uint32_t kCellsPerBlock = kBlockBytes / sizeof(std::uint64_t);
inline constexpr std::uint32_t kSegmentsMax = 1024;
inline constexpr std::string_view kSuffix = ".cells";
inline constexpr std::string_view kTemporaryPrefix = ".new-";  // not locked, or not whole, yet

struct Head {
  std::array<char, 8> magic{'W', 'E', 'I', 'R', 'C', 'E', 'L', 'L'};
  std::uint32_t layout_version = kLayoutVersion;
  std::uint32_t checksum = 0;  // CRC-32C of the Head with 0 in this place
  std::uint32_t pid = 0;       // for people
  std::uint32_t reserved = 0;
  std::int64_t created_unix_ms = 0;
  std::array<std::uint64_t, 4> unused{};
};
static_assert(sizeof(Head) == 64);
[[nodiscard]] std::uint32_t checksum_of(Head head);

inline constexpr std::uint32_t kBlocksMax = (kBlockBytes - sizeof(Head)) / sizeof(std::uint64_t);
inline constexpr std::size_t kFileBytesMax = kBlocksMax * kBlockBytes;

enum class Block : std::uint8_t { kFree = 0, kHead = 1, kLog = 2, kCells = 3 };
struct Entry {
  Block kind = Block::kFree;
  std::uint16_t segment = 0;  // of cells
  std::uint32_t ordinal = 0;  // of cells: the range, below 2^24; of a log block: its place, from 0
};
inline constexpr std::uint32_t kOrdinalMax = (1u << 24) - 1;
// With 16 bits of a checksum that covers the block's number too.
[[nodiscard]] std::uint64_t pack(const Entry& entry, std::uint32_t block);
// Nothing if it is none. A free one is 0.
[[nodiscard]] std::optional<Entry> unpack(std::uint64_t bits, std::uint32_t block);

enum class Record : std::uint32_t { kIdentity = 1, kBase = 2, kFamily = 3, kSeries = 4 };
struct RecordHead {
  std::uint32_t body_bytes = 0;
  std::uint32_t checksum = 0;  // CRC-32C of kind, tag and body
  Record kind{};
  std::uint32_t tag = 0;
};
static_assert(sizeof(RecordHead) == 16);
[[nodiscard]] std::uint32_t checksum_of(const RecordHead& head, std::span<const std::uint8_t> body);
[[nodiscard]] constexpr std::size_t record_bytes(std::size_t body_bytes) {
  return (sizeof(RecordHead) + body_bytes + 7) / 8 * 8;
}
inline constexpr std::size_t kBodyBytesMax = kBlockBytes - sizeof(RecordHead);

// How the cells of a family's series are to be read.
enum class Value : std::uint32_t { kCounter = 0, kDouble = 1, kHistogram = 2 };

struct Base {
  std::uint32_t series = 0;
  std::uint32_t slot = 0;  // 0: the total, or the sum, as bits; 1 + i: bucket i
  std::uint64_t value = 0;
};
static_assert(sizeof(Base) == 16);
inline constexpr std::size_t kBasesPerRecord = 2048;

struct Series {
  std::uint32_t family = 0;
  std::uint32_t first_cell = 0;
  std::int64_t started_unix_ms = 0;
  std::vector<std::string_view> label_values;
};

// Bodies, appended to `out`; and back, with nothing for what is none.
void encode_identity(std::span<const std::uint8_t> frame, std::string_view subject_prefix,
                     std::vector<std::uint8_t>& out);
void encode_bases(const InstanceId& instance, std::span<const Base> bases,
                  std::vector<std::uint8_t>& out);
void encode_series(const Series& series, std::vector<std::uint8_t>& out);

struct Identity {
  std::span<const std::uint8_t> frame;
  std::string_view subject_prefix;
};
[[nodiscard]] std::optional<Identity> decode_identity(std::span<const std::uint8_t> body);
struct Bases {
  InstanceId instance;
  std::vector<Base> bases;
};
[[nodiscard]] std::optional<Bases> decode_bases(std::span<const std::uint8_t> body);
[[nodiscard]] std::optional<Series> decode_series(std::span<const std::uint8_t> body);

// What a folded goodbye is numbered from: above any seq that a publisher reaches.
inline constexpr std::uint64_t kFoldedSeq = std::uint64_t{1} << 62;

}  // namespace weir::wire::cells_file
