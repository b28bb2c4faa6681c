// The checkpoint on disk: the definitions file, which grows, and the checkpoint itself, which is
// replaced. It holds only if both are whole. Thread-compatible: the caller locks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sidecar/state/record.h"
#include "sidecar/state/storage.h"

namespace weir::sidecar {

inline constexpr const char* kCheckpointName = "checkpoint";
// The same file, once something could not be written after it: what was shown since may be missing.
inline constexpr const char* kBehindName = "checkpoint.behind";
// Where that cannot be renamed: a file that says it by its name, with the number of the journal
// that was written then. It is about checkpoints that begin with this journal or an older one.
inline constexpr const char* kBehindStem = "behind";
inline constexpr const char* kNewCheckpointName = "checkpoint.new";

class Checkpoint {
 public:
  // `like`: node and boot id. Definitions files are numbered from `definitions_number` on.
  Checkpoint(Storage& storage, FileHead like, std::uint32_t definitions_number)
      : storage_(storage), head_(std::move(like)) {
    head_.definitions_number = definitions_number - 1;
  }

  // Whether the definitions must all be given again: at first, after an error, or because most of
  // the file is about what is gone.
  [[nodiscard]] bool wants_all_definitions() const;
  // A checkpoint is written from the first of these to the last; each takes records. It counts once
  // it has taken its place. After an error: give_up().
  // `all`: the definitions that follow are all there are; else those since the last time.
  Status begin_definitions(bool all);
  Status definitions(std::span<const std::uint8_t> records);
  Status begin_totals(std::uint32_t first_journal, bool clean, bool lacking);
  Status totals(std::span<const std::uint8_t> records);
  Status end();
  // Of the one before. `behind`: something could not be written after it already.
  Status take_its_place(bool behind);
  void give_up();

  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
  [[nodiscard]] std::uint32_t definitions_number() const { return head_.definitions_number; }

  [[nodiscard]] static std::string definitions_name(std::uint32_t number);
  [[nodiscard]] static bool parse_definitions_name(const std::string& name, std::uint32_t& number);

 private:
  Storage& storage_;
  FileHead head_;
  std::unique_ptr<Storage::File> definitions_;
  bool anew_ = false;    // the definitions are written from the beginning
  bool synced_ = false;  // all that was written of them
  std::uint64_t bytes_when_new_ = 0;
  std::unique_ptr<Storage::File> totals_;  // while they are written
  std::uint64_t bytes_written_ = 0;
};

}  // namespace weir::sidecar
