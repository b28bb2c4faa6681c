// The cells directory as the folder of abandoned files sees it. POSIX stands behind it
// (posix_cells_directory.h), and what a simulation makes of it. Thread-compatible: the caller
// locks. Every error names the file and the reason.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir::sidecar {

class CellsDirectory {
 public:
  // A file whose owner is gone: its lock is free, and nobody takes it again.
  struct Abandoned {
    std::string name;
    std::uint32_t owner_uid = 0;
    std::uint64_t bytes = 0;
    std::string unusable;  // why it can not be read at all; empty: it can
  };

  virtual ~CellsDirectory() = default;

  // In any order. Files under a temporary name are not among them: if they are older than a minute
  // and nobody has them locked, they are removed.
  [[nodiscard]] virtual Result<std::vector<Abandoned>> abandoned(std::int64_t now_unix_ms) = 0;
  // The whole file; an error if it has more bytes.
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> read(const std::string& name,
                                                               std::uint64_t bytes_max) = 0;
  // Those whose owner lives, too. In any order.
  [[nodiscard]] virtual Result<std::vector<std::string>> standing() = 0;
  // Up to so many bytes from there on; fewer where the file ends, none if there is no such file, or
  // one that can not be read for what it is. An error may pass.
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> read_part(const std::string& name,
                                                                    std::uint64_t offset,
                                                                    std::size_t bytes_max) = 0;
  virtual Status remove(const std::string& name) = 0;
  // It is not found among the abandoned any more; a person finds it as <name>.refused.
  virtual Status set_aside(const std::string& name) = 0;
};

}  // namespace weir::sidecar
