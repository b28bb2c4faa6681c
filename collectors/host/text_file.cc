#include "collectors/host/text_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::collectors {
namespace {

constexpr std::size_t kBytesFirst = 4096;
constexpr std::size_t kBytesMax = 16u << 20;

bool is_the_kernels(int descriptor) {
  struct statfs info {};
  return ::fstatfs(descriptor, &info) == 0 &&
         (info.f_type == PROC_SUPER_MAGIC || info.f_type == SYSFS_MAGIC);
}

}  // namespace

int Text::read(int descriptor, Extent extent) {
  length_ = 0;
  if (buffer_.empty()) {
    buffer_.resize(kBytesFirst);
  }
  while (true) {
    const ssize_t got = ::pread(descriptor, buffer_.data() + length_, buffer_.size() - length_,
                                static_cast<off_t>(length_));
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      length_ = 0;
      return errno;
    }
    length_ += static_cast<std::size_t>(got);
    // A short read says nothing of a longer file in /proc: the end is where nothing comes.
    if (got == 0 || (extent == Extent::kRecord && length_ < buffer_.size())) {
      return 0;
    }
    if (length_ == buffer_.size()) {
      if (buffer_.size() >= kBytesMax) {
        return 0;
      }
      buffer_.resize(buffer_.size() * 2);
    }
  }
}

int KeptFile::open_and_read(int folder, const char* path, Text& text, Extent extent) {
  close();
  descriptor_ = ::openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (!is_open()) {
    return errno;
  }
  const int error = text.read(descriptor_, extent);
  if (error != 0 || !is_the_kernels(descriptor_)) {
    close();
  }
  return error;
}

void KeptFile::close() {
  if (is_open()) {
    ::close(std::exchange(descriptor_, -1));
  }
}

bool TextFile::read() {
  error_ = file_.read(
      AT_FDCWD, [this] { return path_.c_str(); }, text_);
  return error_ == 0;
}

bool TextFile::read_anew() {
  file_.close();
  const bool is_read = read();
  file_.close();
  return is_read;
}

Status TextFile::failure() const {
  return Status::error("cannot read " + path_ + ": " + std::generic_category().message(error_));
}

}  // namespace weir::collectors
