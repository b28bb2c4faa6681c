// The state directory, as the durable state uses it: a few whole files, and append-only ones. POSIX
// stands behind it, and a disk that tears, fills up and forgets in the simulation.
// Thread-compatible: the caller locks. Every error names the file and the reason.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir::sidecar {

class Storage {
 public:
  // A new file that only grows. Appended bytes are in the page cache when append() returns: they
  // survive the death of this process; after sync() they survive that of the machine.
  class File {
   public:
    virtual ~File() = default;
    virtual Status append(std::span<const std::uint8_t> bytes) = 0;
    virtual Status sync() = 0;
  };

  virtual ~Storage() = default;

  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;  // names of files
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> read(const std::string& name) = 0;
  // An error if it exists.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> create(const std::string& name) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& name) = 0;
  // Makes creations, renames and removals survive the death of the machine.
  virtual Status sync_folder() = 0;
};

}  // namespace weir::sidecar
