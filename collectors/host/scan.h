// Takes lines, words and numbers off the front of a text, without copying. Thread-safe: values and
// pure functions.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <type_traits>

namespace weir::collectors {

// Up to the next `separator`, which is taken too; the whole rest when there is none.
inline std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

inline std::string_view take_line(std::string_view& text) {
  return take_until(text, '\n');
}

// A blank, a tab or a line end. Not find_first_of(), which searches the set for each character.
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The next word between blanks; empty at the end.
inline std::string_view take_word(std::string_view& text) {
  std::size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) {
    ++begin;
  }
  std::size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) {
    ++end;
  }
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// The whole word must be one number of this type.
template <typename Number>
std::optional<Number> to_number(std::string_view word) {
  Number number{};
  const char* end = word.data() + word.size();
  const auto [parsed, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || parsed != end) {
    return std::nullopt;
  }
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) {  // from_chars takes "nan" and "inf", the kernel writes neither
      return std::nullopt;
    }
  }
  return number;
}

template <typename Number>
std::optional<Number> take_number(std::string_view& text) {
  return to_number<Number>(take_word(text));
}

inline bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace weir::collectors
