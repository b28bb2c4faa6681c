// Reads the state directory at a start: the checkpoint with its definitions, then the journals
// after it, in order. What is torn counts up to the last whole record; what is damaged, of another
// node or of a newer version is set aside, and said. Single-threaded: before anything else runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/state/restore.h"
#include "sidecar/state/storage.h"

namespace weir::sidecar {

struct Recovery {
  bool found = false;  // there was a state
  // Nothing that was ever shown is missing: it was left in order, or the machine has lived since.
  bool proven = false;
  bool damaged = false;              // something could not be read that should have been there
  bool behind = false;               // something was shown that could not be written
  std::vector<std::string> notes;    // for people, and the log
  std::vector<std::string> refused;  // files that were set aside
  std::uint64_t instances = 0;
  std::uint32_t next_journal = 1;
  std::uint32_t next_definitions = 1;
};

[[nodiscard]] Recovery recover_state(Storage& storage, const FileHead& mine, Restorer& restorer,
                                     Registry& registry, std::int64_t now_unix_ms);

}  // namespace weir::sidecar
