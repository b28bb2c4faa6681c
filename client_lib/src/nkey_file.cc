#include "client_lib/src/nkey_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace weir {

std::string public_nkey_of(std::string_view text) {
  constexpr std::size_t kKeyLength = 56;
  constexpr std::string_view kSpace = " \t\r\n";
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) {
      break;
    }
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kSpace));
    if (word.size() == kKeyLength && word.front() == 'U') {
      return std::string(word);
    }
    text.remove_prefix(word.size());
  }
  return {};
}

Result<std::string> read_public_nkey(const std::string& path) {
  constexpr std::size_t kTextBytesMax = 4096;  // two words and their comments
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) {
    return Status::error("nkey file " + path + ": " + std::strerror(errno));
  }
  std::string text(kTextBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  std::string key = public_nkey_of(text);
  if (key.empty()) {
    return Status::error("nkey file " + path +
                         ": holds no public key (U...) besides the seed, as `nk -gen user -pubout` "
                         "prints them");
  }
  return key;
}

}  // namespace weir
