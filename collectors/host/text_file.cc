#include "collectors/host/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::collectors {
namespace {

constexpr std::size_t kBytesFirst = 4096;
constexpr std::size_t kBytesMax = 16u << 20;

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

bool TextFile::read() {
  return read_at(AT_FDCWD, path_.c_str());
}

bool TextFile::read(const char* path) {
  path_ = path;
  return read();
}

bool TextFile::read_at(int folder, const char* path, Extent extent) {
  error_ = 0;
  length_ = 0;
  const FileDescriptor file(::openat(folder, path, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    error_ = errno;
    return false;
  }
  if (buffer_.empty()) {
    buffer_.resize(kBytesFirst);
  }
  while (true) {
    const ssize_t got = ::read(file.get(), buffer_.data() + length_, buffer_.size() - length_);
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      error_ = errno;
      length_ = 0;
      return false;
    }
    length_ += static_cast<std::size_t>(got);
    // A short read says nothing of a longer file in /proc: the end is where nothing comes.
    if (got == 0 || (extent == Extent::kRecord && length_ < buffer_.size())) {
      return true;
    }
    if (length_ == buffer_.size()) {
      if (buffer_.size() >= kBytesMax) {
        return true;
      }
      buffer_.resize(buffer_.size() * 2);
    }
  }
}

Status TextFile::failure() const {
  return Status::error("cannot read " + path_ + ": " + std::generic_category().message(error_));
}

}  // namespace weir::collectors
