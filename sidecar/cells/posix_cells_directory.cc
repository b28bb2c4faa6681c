#include "sidecar/cells/posix_cells_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "schemas/cells_file.h"

namespace weir::sidecar {
namespace {

namespace layout = wire::cells_file;

constexpr std::string_view kRefused = ".refused";

Status cannot(const std::string& what, const std::string& path, int error) {
  return Status::error("cannot " + what + " " + path + ": " +
                       std::generic_category().message(error));
}

class File {
 public:
  explicit File(const std::string& path) {
    do {  // non-blocking: a pipe has no writer, and a device may do anything
      file_ = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } while (file_ < 0 && errno == EINTR);
    error_ = file_ < 0 || ::fstat(file_, &info_) != 0 ? errno : 0;
  }
  ~File() {
    if (file_ >= 0) {
      ::close(file_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] int descriptor() const { return file_; }
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] const struct stat& info() const { return info_; }
  [[nodiscard]] bool regular() const { return S_ISREG(info_.st_mode); }
  [[nodiscard]] bool locked() const {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return ::fcntl(file_, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
  }
  // Its owner took the name away before it let go of the lock.
  [[nodiscard]] bool nameless() const {
    struct stat now {};
    return ::fstat(file_, &now) != 0 || now.st_nlink == 0;
  }

 private:
  int file_ = -1;
  int error_ = 0;
  struct stat info_ {};
};

std::int64_t modified_unix_ms(const struct stat& info) {
  return std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

// Up to so many bytes; fewer if the file ends, or became shorter.
Result<std::vector<std::uint8_t>> read_from(const File& file, const std::string& path,
                                            std::uint64_t offset, std::size_t bytes_max) {
  std::vector<std::uint8_t> bytes(bytes_max);
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t count = ::pread(file.descriptor(), bytes.data() + at, bytes.size() - at,
                                  static_cast<off_t>(offset + at));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return cannot("read", path, errno);
    }
    if (count == 0) {
      break;
    }
    at += static_cast<std::size_t>(count);
  }
  bytes.resize(at);
  return bytes;
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (folder == nullptr) {
    return cannot("list", path, errno);
  }
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      break;
    }
    names.emplace_back(entry->d_name);
  }
  return errno == 0 ? Result(std::move(names))
                    : Result<std::vector<std::string>>(cannot("list", path, errno));
}

}  // namespace

Status PosixCellsDirectory::prepare() {
  if (::mkdir(path_.c_str(), 0770) != 0) {
    return errno == EEXIST ? Status{} : cannot("make", path_, errno);
  }
  // Whatever the umask, and with the bit that makes its files its group's.
  return ::chmod(path_.c_str(), 02770) == 0 ? Status{} : cannot("set the mode of", path_, errno);
}

Result<std::vector<CellsDirectory::Abandoned>> PosixCellsDirectory::abandoned(
    std::int64_t now_unix_ms) {
  const auto names = names_in(path_);
  if (!names.ok()) {
    return names.status();
  }
  std::vector<Abandoned> found;
  for (const std::string& name : *names) {
    const bool temporary = name.starts_with(layout::kTemporaryPrefix);
    if (!temporary && !name.ends_with(layout::kSuffix)) {
      continue;
    }
    const File file(path_of(name));
    if (file.error() == ENOENT) {
      continue;
    }
    if (temporary) {
      if (file.error() == 0 && file.regular() && !file.locked() &&
          modified_unix_ms(file.info()) + kTemporaryMs < now_unix_ms) {
        ::unlink(path_of(name).c_str());
      }
      continue;
    }
    Abandoned one;
    one.name = name;
    one.owner_uid = file.info().st_uid;
    one.bytes = static_cast<std::uint64_t>(file.info().st_size);
    if (file.error() != 0) {
      one.unusable = cannot("open", path_of(name), file.error()).reason();
    } else if (!file.regular()) {
      one.unusable = "no regular file";
    } else if (file.locked() || file.nameless()) {
      continue;
    }
    found.push_back(std::move(one));
  }
  return found;
}

Result<std::vector<std::uint8_t>> PosixCellsDirectory::read(const std::string& name,
                                                            std::uint64_t bytes_max) {
  const std::string path = path_of(name);
  const File file(path);
  if (file.error() != 0) {
    return cannot("open", path, file.error());
  }
  if (!file.regular()) {
    return Status::error("cannot read " + path + ": no regular file");
  }
  const auto size = static_cast<std::uint64_t>(file.info().st_size);
  if (size > bytes_max) {
    return Status::error("cannot read " + path + ": " + std::to_string(size) +
                         " bytes, the limit is " + std::to_string(bytes_max));
  }
  return read_from(file, path, 0, size);  // if it became shorter: what is there is judged
}

Result<std::vector<std::string>> PosixCellsDirectory::standing() {
  auto names = names_in(path_);
  if (!names.ok()) {
    return names.status();
  }
  std::erase_if(*names, [](const std::string& name) {
    return name.starts_with(layout::kTemporaryPrefix) || !name.ends_with(layout::kSuffix);
  });
  return std::move(*names);
}

Result<std::vector<std::uint8_t>> PosixCellsDirectory::read_part(const std::string& name,
                                                                 std::uint64_t offset,
                                                                 std::size_t bytes_max) {
  const std::string path = path_of(name);
  const File file(path);
  switch (file.error()) {
    case 0:
      break;
    case ENOENT:  // removed meanwhile
    case ELOOP:   // a link
    case EACCES:
    case EPERM:
    case ENXIO:  // a socket
      return std::vector<std::uint8_t>{};
    default:
      return cannot("open", path, file.error());
  }
  return file.regular() ? read_from(file, path, offset, bytes_max) : std::vector<std::uint8_t>{};
}

Status PosixCellsDirectory::remove(const std::string& name) {
  const std::string path = path_of(name);
  return ::unlink(path.c_str()) == 0 || errno == ENOENT ? Status{} : cannot("remove", path, errno);
}

Status PosixCellsDirectory::set_aside(const std::string& name) {
  const std::string path = path_of(name);
  if (::rename(path.c_str(), (path + std::string(kRefused)).c_str()) != 0 && errno != ENOENT) {
    return cannot("rename", path, errno);
  }
  drop_oldest_refused();
  return {};
}

void PosixCellsDirectory::drop_oldest_refused() {
  const auto names = names_in(path_);
  std::vector<std::pair<std::int64_t, std::string>> refused;
  for (const std::string& name : *names) {
    struct stat info {};
    if (name.ends_with(kRefused) && ::lstat(path_of(name).c_str(), &info) == 0) {
      refused.emplace_back(modified_unix_ms(info), name);
    }
  }
  std::sort(refused.begin(), refused.end());
  for (std::size_t i = 0; i + kRefusedMax < refused.size(); ++i) {
    ::unlink(path_of(refused[i].second).c_str());
  }
}

}  // namespace weir::sidecar
