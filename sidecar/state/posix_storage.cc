#include "sidecar/state/posix_storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace weir::sidecar {
namespace {

constexpr const char* kLockName = "lock";

Status failure(const char* what, const std::string& path) {
  return Status::error(std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public Storage::File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Status append(std::span<const std::uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written <= 0) {
        return failure("write", path_);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }
  Status sync() override { return ::fdatasync(fd_.get()) == 0 ? Status() : failure("sync", path_); }

 private:
  Descriptor fd_;
  std::string path_;
};

}  // namespace

PosixStorage::~PosixStorage() {
  for (const int fd : {folder_fd_, lock_fd_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

Status PosixStorage::open(const std::string& folder) {
  folder_ = folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Status::error("cannot make the folder " + folder + ": " + error.message());
  }
  folder_fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd_ < 0) {
    return failure("open", folder);
  }
  lock_fd_ = ::openat(folder_fd_, kLockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (lock_fd_ < 0) {
    return failure("write in", folder);
  }
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return Status::error(folder + " is in use by another sidecar");
  }
  return {};
}

Result<std::vector<std::string>> PosixStorage::list() {
  const int fd = ::openat(folder_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = fd < 0 ? nullptr : ::fdopendir(fd);
  if (entries == nullptr) {
    return failure("list", folder_);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries)) {
    if (entry->d_name[0] != '.' && std::strcmp(entry->d_name, kLockName) != 0) {
      names.emplace_back(entry->d_name);
    }
  }
  ::closedir(entries);
  return names;
}

Result<std::vector<std::uint8_t>> PosixStorage::read(const std::string& name) {
  const std::string path = folder_ + "/" + name;
  const Descriptor file(::openat(folder_fd_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return failure("open", path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Status::error(path + " is no regular file");
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return failure("read", path);
    }
    if (got == 0) {
      bytes.resize(at);
      break;
    }
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<std::unique_ptr<Storage::File>> PosixStorage::create(const std::string& name) {
  const std::string path = folder_ + "/" + name;
  const int fd = ::openat(folder_fd_, name.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) {
    return failure("create", path);
  }
  return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
}

Status PosixStorage::rename(const std::string& from, const std::string& to) {
  return ::renameat(folder_fd_, from.c_str(), folder_fd_, to.c_str()) == 0
             ? Status()
             : failure("rename", folder_ + "/" + from);
}

Status PosixStorage::remove(const std::string& name) {
  return ::unlinkat(folder_fd_, name.c_str(), 0) == 0 ? Status()
                                                      : failure("remove", folder_ + "/" + name);
}

Status PosixStorage::sync_folder() {
  return ::fsync(folder_fd_) == 0 ? Status() : failure("sync", folder_);
}

}  // namespace weir::sidecar
