#include "sidecar/nats/embedded_binary.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace weir::sidecar {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kName = "nats-server";
constexpr int kDepthMax = 6;
constexpr int kEntriesMax = 10'000;

bool is_program(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string below(const fs::path& root) {
  std::error_code error;
  fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error);
  const fs::recursive_directory_iterator end;
  for (int entries = 0; !error && it != end && entries < kEntriesMax;
       it.increment(error), ++entries) {
    if (it.depth() >= kDepthMax) {
      it.disable_recursion_pending();
    }
    if (it->path().filename() == kName && is_program(it->path())) {
      return it->path();
    }
  }
  return {};
}

}  // namespace

BinarySearch binary_search_of_this_process(std::string option) {
  BinarySearch search;
  search.option = std::move(option);
  if (const char* path = std::getenv("PATH"); path != nullptr) {
    search.path_variable = path;
  }
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    search.executable_dir = executable.parent_path();
  }
  return search;
}

Result<std::string> find_nats_server(const BinarySearch& search) {
  if (!search.option.empty()) {
    return is_program(search.option)
               ? Result<std::string>(search.option)
               : Result<std::string>(Status::error("nats.embedded.binary: " + search.option +
                                                   " is not a program that can be run"));
  }
  std::string folders = search.path_variable;
  folders += ":/usr/sbin:/usr/local/sbin:/usr/local/bin";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string candidate = folders.substr(begin, end - begin) + "/" + std::string(kName);
    if (candidate.starts_with("/") && candidate.size() > kName.size() + 1 &&
        is_program(candidate)) {
      return candidate;
    }
    begin = end + 1;
  }
  if (!search.executable_dir.empty()) {
    const fs::path tools =
        (fs::path(search.executable_dir) / ".." / ".." / "tools").lexically_normal();
    if (std::string found = below(tools); !found.empty()) {
      return found;
    }
  }
  return Status::error(
      "cannot find nats-server in PATH, /usr/sbin, /usr/local or beside the build; install it, "
      "name "
      "it with --nats.embedded.binary, or give the URL of a running one with --nats.url");
}

}  // namespace weir::sidecar
