// A small file as text: endpoint files and tokens. Thread-safe: a pure function of the file.
#pragma once

#include <string>

namespace weir::ctl {

struct SmallFile {
  std::string text;
  int error = 0;  // errno of the call that failed; EFBIG past 64 KiB
};
[[nodiscard]] SmallFile read_small_file(const std::string& path);

}  // namespace weir::ctl
