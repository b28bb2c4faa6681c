// Numbers and escapes of the Prometheus text format 0.0.4 and OpenMetrics 1.0.
// https://prometheus.io/docs/instrumenting/exposition_formats/ Thread-safe: pure functions.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::text {

inline void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  out.append(digits, end);
}

// The shortest text that reads back as the same double; integers below 2^53 without exponent.
inline void append_number(std::string& out, double value) {
  constexpr double kExactMax = 9007199254740992;  // 2^53
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::fabs(value) < kExactMax && value == std::trunc(value)) {
    char digits[20];
    const auto end =
        std::to_chars(std::begin(digits), std::end(digits), static_cast<std::int64_t>(value)).ptr;
    out.append(digits, end);
  } else {
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    out.append(digits, end);
  }
}

// The value of an `le` label: a canonical float, "1.0" rather than "1", so that both formats name
// one series.
inline void append_bound(std::string& out, double bound) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), bound).ptr;
  const std::string_view number(digits, static_cast<std::size_t>(end - digits));
  out += number;
  if (number.find_first_of(".e") == std::string_view::npos) {
    out += ".0";
  }
}

// Backslash and line feed; in label values, and in the HELP of OpenMetrics, also the double quote.
inline void append_escaped(std::string& out, std::string_view text, bool quotes_too) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes_too) {
      out += "\\\"";
    } else {
      out.push_back(c);
    }
  }
}

inline void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += "=\"";
  append_escaped(out, value, true);
  out += '"';
}

}  // namespace weir::text
