// Reads one small file of /proc or /sys whole, each time into the same buffer. Single-threaded:
// one object belongs to one thread.
#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::collectors {

class TextFile {
 public:
  TextFile() = default;
  explicit TextFile(std::string path) : path_(std::move(path)) {}

  // False: it could not be read, see error() and failure(). Files larger than 16 MiB are cut there.
  bool read();
  bool read(const char* path);
  // Below an open folder. `Extent::kRecord`: the kernel writes the file as one record that fits
  // into the first read, which saves a second one to see the end: what is read for each process.
  enum class Extent { kWhole, kRecord };
  bool read_at(int folder, const char* path, Extent extent = Extent::kWhole);

  // Of the last read that succeeded; valid until the next one.
  [[nodiscard]] std::string_view text() const { return {buffer_.data(), length_}; }
  [[nodiscard]] int error() const { return error_; }  // errno
  [[nodiscard]] Status failure() const;               // cannot read /proc/stat: ...
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string buffer_;
  std::size_t length_ = 0;
  int error_ = 0;
};

}  // namespace weir::collectors
