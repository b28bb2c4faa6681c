#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/publishers/directory.h"

namespace weir::sidecar {
namespace {

std::uint64_t own_pid_namespace() {
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

// What stands behind the command's closing parenthesis in /proc/<pid>/stat (proc(5)), from field 3
// on. Nothing if there is no such process; a single space if it can not be read.
std::string_view read_stat(std::uint32_t pid, std::span<char> buffer) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return errno == ENOENT ? "" : " ";
  }
  const ssize_t got = ::read(file, buffer.data(), buffer.size());
  const bool is_gone = got < 0 && errno == ESRCH;
  ::close(file);
  const std::string_view text(buffer.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
  const std::size_t command_end = text.rfind(") ");
  if (is_gone || command_end == std::string_view::npos) {
    return is_gone ? "" : " ";
  }
  return text.substr(command_end + 2);
}

// Field 22, in clock ticks since the machine started; -1 if it is not there.
std::int64_t start_ticks(std::string_view fields) {
  constexpr int kFieldsBefore = 22 - 3;
  for (int i = 0; i < kFieldsBefore; ++i) {
    fields.remove_prefix(std::min(fields.find(' '), fields.size() - 1) + 1);
    if (fields.empty()) {
      return -1;
    }
  }
  std::int64_t ticks = -1;
  std::from_chars(fields.data(), fields.data() + fields.size(), ticks);
  return ticks;
}

}  // namespace

// Ages are compared, not dates: the system clock may be set.
bool process_may_live(std::uint32_t pid, std::uint64_t pid_namespace, std::int64_t silent_ms) {
  static const std::uint64_t own_namespace = own_pid_namespace();
  static const std::int64_t ticks_per_second = sysconf(_SC_CLK_TCK);
  if (pid_namespace == 0 || pid_namespace != own_namespace) {
    return true;  // another namespace's process ids say nothing here
  }
  std::array<char, 1024> buffer;
  const std::string_view fields = read_stat(pid, buffer);
  if (fields.empty() || fields.front() == 'Z' || fields.front() == 'X') {
    return false;
  }
  const std::int64_t ticks = start_ticks(fields);
  timespec since_boot{};
  if (ticks < 0 || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) {
    return true;
  }
  // The id may have gone to another process: one that began after the publisher was last heard.
  constexpr std::int64_t kSlackMs = 1000;
  const std::int64_t age_ms =
      since_boot.tv_sec * 1000 + since_boot.tv_nsec / 1'000'000 - ticks * 1000 / ticks_per_second;
  return age_ms + kSlackMs > silent_ms;
}

}  // namespace weir::sidecar
