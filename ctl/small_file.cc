#include "ctl/small_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>

namespace weir::ctl {

SmallFile read_small_file(const std::string& path) {
  constexpr std::size_t kBytesMax = 64u << 10;
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return {.text = {}, .error = errno};
  }
  std::string text(kBytesMax + 1, '\0');
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return {.text = {}, .error = errno != 0 ? errno : EIO};
  }
  if (text.size() > kBytesMax) {
    return {.text = {}, .error = EFBIG};
  }
  return {.text = std::move(text), .error = 0};
}

}  // namespace weir::ctl
