#include "ctl/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::ctl {
namespace {

// Continuation bytes of UTF-8 take no column. Wide characters are not worth a dependency here.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string age(std::int64_t then_unix_ms, std::int64_t now_unix_ms) {
  if (then_unix_ms == 0) {
    return "-";
  }
  const std::int64_t seconds = std::max<std::int64_t>(0, now_unix_ms - then_unix_ms) / 1000;
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (seconds < kMinute) {
    return fmt::format("{}s", seconds);
  }
  if (seconds < kHour) {
    return fmt::format("{}m{:02}s", seconds / kMinute, seconds % kMinute);
  }
  if (seconds < kDay) {
    return fmt::format("{}h{:02}m", seconds / kHour, seconds % kHour / kMinute);
  }
  return fmt::format("{}d{:02}h", seconds / kDay, seconds % kDay / kHour);
}

std::string count_of(std::uint64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      c = '?';
    }
  }
  return clean;
}

std::string table(const std::vector<std::string>& header,
                  const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < header.size(); ++i) {
    std::size_t width = columns(header[i]);
    for (const auto& row : rows) {
      width = std::max(width, columns(row[i]));
    }
    widths.push_back(width);
  }
  std::string text;
  const auto add_row = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) {
        text.append(widths[i] - columns(row[i]) + 2, ' ');
      }
    }
    text += '\n';
  };
  add_row(header);
  for (const auto& row : rows) {
    add_row(row);
  }
  return text;
}

}  // namespace weir::ctl
