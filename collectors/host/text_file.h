// Reads small files of /proc and /sys whole. Opening and closing one costs more than its text, so
// a file of the kernel stays open between two readings. It does so only there: elsewhere, in a
// test's tree or where lxcfs stands in for the kernel, another file may take the name. A process
// that has gone fails to be read, and the name is opened again. Single-threaded: one object
// belongs to one thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "weir/status.h"

namespace weir::collectors {

// `kRecord`: the kernel writes the file as one record that fits into the first read, which saves a
// second one to see the end: what is read for each process.
enum class Extent { kWhole, kRecord };

// What was read last, in a buffer that is used again.
class Text {
 public:
  [[nodiscard]] std::string_view view() const { return {buffer_.data(), length_}; }
  // 0 or errno, and no text then. Files larger than 16 MiB are cut there.
  int read(int descriptor, Extent extent);

 private:
  std::string buffer_;
  std::size_t length_ = 0;
};

// One file that may stay open. Small: there is one for each process.
class KeptFile {
 public:
  KeptFile() = default;
  ~KeptFile() { close(); }
  KeptFile(KeptFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  KeptFile& operator=(KeptFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  // 0 or errno. `path()`, below the open folder, is asked only when the file is not open.
  template <typename Path>
  int read(int folder, const Path& path, Text& text, Extent extent = Extent::kWhole) {
    if (is_open() && text.read(descriptor_, extent) == 0) {
      return 0;
    }
    return open_and_read(folder, path(), text, extent);
  }
  void close();
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

 private:
  int open_and_read(int folder, const char* path, Text& text, Extent extent);

  int descriptor_ = -1;
};

class TextFile {
 public:
  TextFile() = default;
  explicit TextFile(std::string path) : path_(std::move(path)) {}

  // False: it could not be read, see error() and failure().
  bool read();
  // The same, but opened for this reading alone: what an open file would hold on to, such as a
  // mount namespace, may be another by then.
  bool read_anew();

  // Of the last read that succeeded; valid until the next one.
  [[nodiscard]] std::string_view text() const { return text_.view(); }
  [[nodiscard]] int error() const { return error_; }  // errno
  [[nodiscard]] Status failure() const;               // cannot read /proc/stat: ...
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  KeptFile file_;
  Text text_;
  int error_ = 0;
};

}  // namespace weir::collectors
