#include "sidecar/nats/embedded_files.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include "schemas/instance_id.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kOwnFileBytesMax = 65536;

Status failed(const std::string& what) {
  return Status::error("cannot " + what + ": " + std::strerror(errno));
}

bool is_token(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool write_all(int file, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(file, contents.data(), contents.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    contents.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return true;
}

// Lets services that run as other users, but in the group `weir`, read the token.
void share_with_group(const std::string& file) {
  if (::geteuid() != 0) {
    return;
  }
  std::vector<char> memory(16384);
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r("weir", &entry, memory.data(), memory.size(), &found) == 0 && found != nullptr &&
      ::chown(file.c_str(), 0, found->gr_gid) == 0) {
    ::chmod(file.c_str(), 0640);
  }
}

}  // namespace

Status prepare_run_dir(const std::string& dir) {
  for (std::size_t slash = dir.find('/', 1); !dir.empty(); slash = dir.find('/', slash + 1)) {
    const std::string part = dir.substr(0, slash);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      return failed("make the folder " + part);
    }
    if (slash == std::string::npos) {
      break;
    }
  }
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0) {
    return failed("use the folder " + dir);
  }
  if (!S_ISDIR(info.st_mode)) {
    return Status::error("cannot use " + dir + ": it is not a folder");
  }
  // A folder of another user (one made in /tmp before us) would let them name our broker. Those of
  // root are fine: /run/weir, or a volume of the pod.
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return Status::error("cannot use the folder " + dir +
                         ": it belongs to another user; choose another with --run.dir");
  }
  return {};
}

Status write_file_atomically(const std::string& path, std::string_view contents, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) {
    return failed("write " + path);
  }
  const bool good = write_all(file, contents) && ::fchmod(file, mode) == 0;
  const bool closed = ::close(file) == 0;
  if (!good || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Status status = failed("write " + path);
    ::unlink(temporary.c_str());
    return status;
  }
  return {};
}

std::string read_own_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) {
    return {};
  }
  struct stat info {};
  std::string text;
  if (::fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
      info.st_size <= static_cast<off_t>(kOwnFileBytesMax)) {
    text.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t got = ::read(file, text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  ::close(file);
  return text;
}

Result<EmbeddedToken> keep_token(const std::string& run_dir) {
  EmbeddedToken kept{read_own_file(run_dir + "/nats.token"), run_dir + "/nats.token"};
  if (kept.token.ends_with('\n')) {
    kept.token.pop_back();
  }
  if (!is_token(kept.token)) {
    kept.token = wire::InstanceId::random().to_string() + wire::InstanceId::random().to_string();
    if (Status status = write_file_atomically(kept.file, kept.token + "\n", 0600); !status.ok()) {
      return status;
    }
  }
  share_with_group(kept.file);
  return kept;
}

std::uint16_t last_port(const std::string& run_dir) {
  const std::string text = read_own_file(run_dir + "/nats.port");
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  static_cast<void>(end);
  return error == std::errc{} ? port : std::uint16_t{0};
}

void remember_port(const std::string& run_dir, std::uint16_t port) {
  // Only a convenience for the next life: without it clients find the new port in the endpoint
  // file.
  static_cast<void>(
      write_file_atomically(run_dir + "/nats.port", std::to_string(port) + "\n", 0644).ok());
}

}  // namespace weir::sidecar
