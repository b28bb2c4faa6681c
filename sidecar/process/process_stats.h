// What the kernel says about this process, from /proc/self. Thread-safe: pure functions.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace weir::sidecar {

struct ProcessStats {
  double cpu_seconds = 0;  // user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;      // soft limit; 0: unlimited
  double start_boot_seconds = 0;  // when it started, since the boot
  std::uint64_t threads = 0;
};

// `proc` is a parameter for the tests. Nothing: /proc is missing or not readable.
[[nodiscard]] std::optional<ProcessStats> read_process_stats(const std::string& proc = "/proc");

// When the machine started; 0: not known. Dear where there are many processors, and always the
// same: to be asked once.
[[nodiscard]] double read_boot_unix_seconds(const std::string& proc = "/proc");

}  // namespace weir::sidecar
