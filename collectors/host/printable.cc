#include "collectors/host/printable.h"

#include "schemas/names.h"

namespace weir::collectors {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// How many bytes at the front are one valid character; 0: none.
std::size_t character_bytes(std::string_view text) {
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= text.size(); ++bytes) {
    if (wire::is_utf8(text.substr(0, bytes))) {
      return bytes;
    }
  }
  return 0;
}

}  // namespace

void unescape_octal(std::string_view escaped, std::string& text) {
  text.clear();
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == '\\' && i + 3 < escaped.size() && escaped[i + 1] <= '3' &&
        is_octal(escaped[i + 1]) && is_octal(escaped[i + 2]) && is_octal(escaped[i + 3])) {
      text += static_cast<char>((escaped[i + 1] - '0') * 64 + (escaped[i + 2] - '0') * 8 +
                                (escaped[i + 3] - '0'));
      i += 3;
    } else {
      text += escaped[i];
    }
  }
}

void make_utf8(std::string& text) {
  if (wire::is_utf8(text)) {
    return;
  }
  std::string valid;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t bytes = character_bytes(rest);
    valid += bytes == 0 ? kReplacement : rest.substr(0, bytes);
    rest.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  text = valid;
}

}  // namespace weir::collectors
