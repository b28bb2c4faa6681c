// Records: what the files of the state directory, and the snapshots of a pair, are made of. Each is
// its length, kind and CRC-32 (of kind and content; that of gzip), then its content. Numbers are
// little-endian. A reader stops at the first record that is cut off or damaged, and says why.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "schemas/instance_id.h"

namespace weir::sidecar {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint32_t kStateVersion = 1;  // of the files; a newer one is refused

enum class RecordKind : std::uint8_t {
  kHead = 1,        // first in each file: FileHead
  kStatement = 2,   // of an instance: StatementHead, subject, frame
  kRemembered = 3,  // instances without tables: RememberedEntry...
  kServices = 4,    // starts and ends of each service
  kHeld = 5,        // a gauge that outlives its publisher: int64 until when, frame
  kOffset = 6,      // the total at which a series restarted openly: frame
  kScraped = 7,     // what is defined before it was shown, but for what the kUnshown behind it name
  kUnshown = 8,     // series that no scraper has seen yet: instance, local ids
  kEnd = 9,         // last in a checkpoint: without it the file is cut off
  kPeerHeard = 10,  // when a paired sidecar was last heard: int64
  kBase = 11,       // the retired totals and the remembered, whole: in place of those before
  // Only between sidecars (sidecar/peers/peer_messages.h).
  kPeer = 12,    // first in each message: PeerHead
  kFinals = 13,  // FinalEntry...
  kChunk = 14,   // of a base that is sent in parts
};

// Builds content.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}
  template <typename T>
  ByteWriter& number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    out_.insert(out_.end(), bytes, bytes + sizeof value);
    return *this;
  }
  ByteWriter& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  ByteWriter& bytes(std::span<const std::uint8_t> value) {
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }

 private:
  Bytes& out_;
};

// Takes it apart. Past the end everything is zero and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  template <typename T>
  T number() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    take(&value, sizeof value);
    return value;
  }
  std::string_view text();
  [[nodiscard]] std::span<const std::uint8_t> rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  void take(void* to, std::size_t size);
  std::span<const std::uint8_t> rest_;
  bool ok_ = true;
};

void append_record(Bytes& out, RecordKind kind, std::span<const std::uint8_t> content);

struct Record {
  RecordKind kind = RecordKind::kHead;
  std::span<const std::uint8_t> content;
};

class RecordReader {
 public:
  explicit RecordReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  // False at the end, or where the file is damaged: why_stopped() tells.
  [[nodiscard]] bool next(Record& record);
  [[nodiscard]] const std::string& why_stopped() const { return why_stopped_; }  // empty: the end
  // Whether a write that did not finish explains it: the last record is cut off, or there is
  // nothing but zeros. A damaged length looks like the first, but then records follow.
  [[nodiscard]] bool may_be_torn() const;

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool cut_off_ = false;
  std::string why_stopped_;
};

enum class FileRole : std::uint8_t { kCheckpoint = 1, kDefinitions = 2, kJournal = 3 };

struct FileHead {
  FileRole role = FileRole::kJournal;
  std::uint32_t version = kStateVersion;
  std::uint32_t number = 0;  // of this file among those of its role
  std::string node;
  std::string boot_id;  // of the machine's life in which it was written
  // Checkpoint: what belongs to it.
  std::uint32_t definitions_number = 0;
  std::uint64_t definitions_bytes = 0;
  std::uint32_t first_journal = 0;
  bool clean = false;  // the last act of a sidecar that was told to stop
  // What a former life has shown may be missing, and that did not become a restart of series yet.
  bool lacking = false;
};
void append_head(Bytes& out, const FileHead& head);
// The reason why not, in words; empty: `head` is filled in. Not even whether it is ours is checked.
[[nodiscard]] std::string read_head(const Record& record, FileHead& head);

// A publisher may need several records. Of one that has ended only the last of those that belong
// together says so, and up to which frame it has spoken: unless all are there it has not.
struct StatementHead {
  static constexpr std::uint8_t kStateUnsaid = 255;

  std::uint64_t last_seq = 0;
  std::uint64_t stated_seq = 0;
  std::int64_t last_seen_unix_ms = 0;
  std::int64_t state_since_unix_ms = 0;
  std::uint8_t state = 0;  // InstanceState, or kStateUnsaid
  std::uint8_t retired = 0;
  std::uint8_t folded = 0;
  std::uint8_t reserved = 0;
  std::uint32_t reserved_more = 0;
};
static_assert(sizeof(StatementHead) == 40);

struct RememberedEntry {
  wire::InstanceId id;
  std::int64_t unix_ms = 0;
  std::uint64_t memory = 0;  // Directory::Memory
};
static_assert(sizeof(RememberedEntry) == 32);

}  // namespace weir::sidecar
