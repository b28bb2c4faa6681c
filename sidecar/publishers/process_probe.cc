#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "sidecar/publishers/directory.h"

namespace weir::sidecar {
namespace {

std::uint64_t own_pid_namespace() {
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

std::int64_t boot_unix_ms() {
  std::ifstream stat_file("/proc/stat");
  for (std::string line; std::getline(stat_file, line);) {
    if (line.starts_with("btime ")) {
      return std::atoll(line.c_str() + std::strlen("btime ")) * 1000;
    }
  }
  return 0;
}

// Field 22 of /proc/<pid>/stat, counted behind the command's closing parenthesis (proc(5)); 0 if it
// cannot be read.
std::int64_t started_unix_ms(std::uint32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string::npos) {
    return 0;
  }
  std::istringstream fields(line.substr(command_end + 1));
  std::string field;
  constexpr int kStartTimeAfterCommand = 20;
  for (int i = 0; i < kStartTimeAfterCommand; ++i) {
    fields >> field;
  }
  const std::int64_t ticks = std::atoll(field.c_str());
  return boot_unix_ms() + ticks * 1000 / sysconf(_SC_CLK_TCK);
}

bool is_zombie(std::uint32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t command_end = line.rfind(')');
  return command_end != std::string::npos && line.compare(command_end + 1, 2, " Z") == 0;
}

}  // namespace

bool process_may_live(std::uint32_t pid, std::uint64_t pid_namespace,
                      std::int64_t last_heard_unix_ms) {
  static const std::uint64_t own_namespace = own_pid_namespace();
  if (pid_namespace == 0 || pid_namespace != own_namespace) {
    return true;  // another namespace's process ids say nothing here
  }
  struct stat status {};
  const std::string folder = "/proc/" + std::to_string(pid);
  if (stat(folder.c_str(), &status) != 0) {
    return errno != ENOENT;
  }
  if (is_zombie(pid)) {
    return false;
  }
  // The id may have gone to another process: one that began after the publisher was last heard.
  // Boot time is kept in whole seconds, so a second either way proves nothing.
  constexpr std::int64_t kSlackMs = 2000;
  const std::int64_t started = started_unix_ms(pid);
  return started == 0 || started < last_heard_unix_ms + kSlackMs;
}

}  // namespace weir::sidecar
