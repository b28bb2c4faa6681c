// What the embedded broker keeps in the run folder: the token that clients log in with, and the
// port that they know. Also the writing of small files in general. Thread-safe: pure functions.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::sidecar {

// Makes the folder and those above it (mode 0755). Refuses one that belongs to another user, root
// aside.
[[nodiscard]] Status prepare_run_dir(const std::string& dir);

// By a temporary file and a rename: a reader sees the old contents or the new ones.
[[nodiscard]] Status write_file_atomically(const std::string& path, std::string_view contents,
                                           mode_t mode);
// Nothing where the file is missing, larger than 64 KiB, or not an own regular file.
[[nodiscard]] std::string read_own_file(const std::string& path);

struct EmbeddedToken {
  std::string token;
  std::string file;
};
// The token of the last life, so that clients which outlived it can come back, or a new one. Mode
// 0600; 0640 and group `weir` where we are root and that group exists.
[[nodiscard]] Result<EmbeddedToken> keep_token(const std::string& run_dir);

// 0: unknown.
[[nodiscard]] std::uint16_t last_port(const std::string& run_dir);
void remember_port(const std::string& run_dir, std::uint16_t port);

}  // namespace weir::sidecar
