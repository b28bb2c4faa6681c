// The file behind the cells of one registry: its pages outlive a process that is killed, and a
// sidecar reads the last totals from them (schemas/cells_file.h has the layout). Thread-safe: any
// method from any thread.
//
// 1. It is made under a temporary name, locked, initialised, and then put into place: who sees its
//    name and a free lock sees the file of a process that is gone.
// 2. Every block is allocated before it is used, so that a full volume is a note and private
// memory,
//    never a signal. Head and log are written with pwrite: only cells are mapped.
// 3. The lock is a record lock: it belongs to the process, a forked child does not have it. It ends
//    with any descriptor of the file, so there is one, and the process never opens the file again.
//    A program that closes descriptors that are not its own may have given the number to another
//    file: it is looked at before each use.
// 4. Only a sidecar deletes the file of an instance that has published.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "cell_space.h"
#include "schemas/cells_file.h"

namespace weir::cells {

class CellsFile final : public Backing {
 public:
  // In this directory; null if that can not be, and `note` says why. `note` may be set for a file
  // that was made, too: what is not as it should be.
  [[nodiscard]] static std::unique_ptr<CellsFile> make(const std::string& directory,
                                                       std::string& note) noexcept;
  // REQUIRES: its segments went back to the cell space.
  ~CellsFile() override;
  CellsFile(const CellsFile&) = delete;
  CellsFile& operator=(const CellsFile&) = delete;

  // It is in the file when this returns true.
  bool append(wire::cells_file::Record kind, std::uint32_t tag,
              std::span<const std::uint8_t> body) noexcept;
  // What append() wrote last names the instance: the file is the sidecar's to delete from now on.
  void set_named() noexcept;
  // The file would say something wrong: takes it away.
  void withdraw(const char* why) noexcept;

  [[nodiscard]] bool is_parents() const;   // in a forked child: nothing of it is used here
  [[nodiscard]] std::string path() const;  // empty: it is not there any more
  [[nodiscard]] std::string note() const;

  bool map(std::uint32_t range, std::uint32_t segment, void* at,
           bool with_contents) noexcept override;
  void before_fork() noexcept override;
  void after_fork_in_parent() noexcept override;
  void after_fork_in_child(bool cells_are_private) noexcept override;

 private:
  CellsFile() = default;
  [[nodiscard]] bool open_in(const std::string& directory) noexcept;
  [[nodiscard]] bool initialise() noexcept;
  [[nodiscard]] bool holds_file() noexcept;
  [[nodiscard]] bool allocate_block(std::uint32_t& block) noexcept;
  [[nodiscard]] bool enter(std::uint32_t block, const wire::cells_file::Entry& entry) noexcept;
  [[nodiscard]] bool begin_log_block() noexcept;
  bool fail(const char* what, int error) noexcept;
  void set_note(const std::string& text) noexcept;

  mutable std::mutex mutex_;  // protects all below; taken after the cell space's
  int file_ = -1;             // -1: withdrawn, lost, or the parent's
  std::uint64_t device_ = 0, inode_ = 0;
  std::string path_, note_;
  bool named_ = false;
  bool log_broken_ = false;
  bool forked_ = false, shared_with_parent_ = false;
  std::uint32_t next_block_ = 1;
  std::uint32_t log_blocks_ = 0;
  std::uint64_t log_next_ = 0, log_end_ = 0;  // where the next record goes, and may go up to
};

}  // namespace weir::cells
