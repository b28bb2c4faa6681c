#include "careful_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

namespace weir::cells {

std::string disk_file_system_of(int file) {
  struct statfs info {};
  if (::fstatfs(file, &info) != 0) {
    return {};
  }
  switch (static_cast<std::uint32_t>(info.f_type)) {
    case 0x01021994:  // tmpfs
    case 0x858458f6:  // ramfs
      return {};
    case 0xef53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683e:
      return "btrfs";
    case 0x794c7630:
      return "overlayfs";
    case 0x6969:
      return "nfs";
    default:
      return "file system " + std::to_string(static_cast<std::uint32_t>(info.f_type));
  }
}

int allocate(int file, std::uint64_t offset, std::uint64_t bytes) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < offset + bytes) {
    return EFBIG;
  }
  int error = 0;
  do {
    error = ::posix_fallocate(file, static_cast<off_t>(offset), static_cast<off_t>(bytes));
  } while (error == EINTR);
  return error;
}

bool write_at(int file, std::uint64_t offset, const void* bytes, std::size_t count) noexcept {
  ssize_t written = 0;
  do {
    written = ::pwrite(file, bytes, count, static_cast<off_t>(offset));
  } while (written < 0 && errno == EINTR);
  return written == static_cast<ssize_t>(count);
}

}  // namespace weir::cells
