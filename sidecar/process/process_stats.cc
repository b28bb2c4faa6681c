#include "sidecar/process/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

namespace weir::sidecar {
namespace {

// Fields of /proc/self/stat, counted from the one behind the command, which is number 3.
constexpr std::size_t kUserTicks = 14 - 3;
constexpr std::size_t kSystemTicks = 15 - 3;
constexpr std::size_t kThreads = 20 - 3;
constexpr std::size_t kStartTicks = 22 - 3;
constexpr std::size_t kVirtualBytes = 23 - 3;
constexpr std::size_t kResidentPages = 24 - 3;

std::uint64_t count_entries(const std::string& dir) {
  DIR* handle = ::opendir(dir.c_str());
  if (handle == nullptr) {
    return 0;
  }
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(handle)) {
    count += entry->d_name[0] == '.' ? 0 : 1;
  }
  ::closedir(handle);
  return count > 0 ? count - 1 : 0;  // without the one that we read with
}

}  // namespace

std::optional<ProcessStats> read_process_stats(const std::string& proc) {
  std::ifstream file(proc + "/self/stat");
  std::string line;
  std::getline(file, line);
  // The command may hold spaces and parentheses itself: its end is the last one.
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream rest(line.substr(command_end + 1));
  std::array<std::uint64_t, kResidentPages + 1> fields{};
  std::string word;
  for (std::uint64_t& field : fields) {
    if (!(rest >> word)) {
      return std::nullopt;
    }
    field = std::strtoull(word.c_str(), nullptr, 10);
  }
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessStats stats;
  stats.cpu_seconds =
      static_cast<double>(fields[kUserTicks] + fields[kSystemTicks]) / ticks_per_second;
  stats.threads = fields[kThreads];
  stats.virtual_bytes = fields[kVirtualBytes];
  stats.resident_bytes =
      fields[kResidentPages] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  stats.start_boot_seconds = static_cast<double>(fields[kStartTicks]) / ticks_per_second;
  stats.open_fds = count_entries(proc + "/self/fd");
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    stats.max_fds = limit.rlim_cur;
  }
  return stats;
}

double read_boot_unix_seconds(const std::string& proc) {
  std::ifstream stat(proc + "/stat");
  std::string line;
  while (std::getline(stat, line)) {
    if (line.starts_with("btime ")) {
      return std::strtod(line.c_str() + 6, nullptr);
    }
  }
  return 0;
}

}  // namespace weir::sidecar
