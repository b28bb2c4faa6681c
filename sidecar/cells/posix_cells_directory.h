// The cells directory on this machine. Files are never mapped, since a hostile owner could truncate
// them: they are read, without following links, and only regular ones. Thread-compatible: the
// caller locks.
//
// A record lock ends with any descriptor of its file that the process closes: a process must not
// have a directory like this over the files of its own registries.
#pragma once

#include <string>

#include "sidecar/cells/cells_directory.h"

namespace weir::sidecar {

class PosixCellsDirectory final : public CellsDirectory {
 public:
  static constexpr std::int64_t kTemporaryMs = 60'000;  // the life of a file that is being made
  static constexpr std::size_t kRefusedMax = 32;        // the oldest go: they are memory

  explicit PosixCellsDirectory(std::string path) : path_(std::move(path)) {}

  // Makes it if it is not there (its parent must be): mode 2770, so that its files belong to its
  // group, the sidecar's.
  Status prepare();

  [[nodiscard]] Result<std::vector<Abandoned>> abandoned(std::int64_t now_unix_ms) override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> read(const std::string& name,
                                                       std::uint64_t bytes_max) override;
  [[nodiscard]] Result<std::vector<std::string>> standing() override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> read_part(const std::string& name,
                                                            std::uint64_t offset,
                                                            std::size_t bytes_max) override;
  Status remove(const std::string& name) override;
  Status set_aside(const std::string& name) override;

 private:
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  void drop_oldest_refused();

  std::string path_;
};

}  // namespace weir::sidecar
