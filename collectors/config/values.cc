#include "collectors/config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace weir::collectors {
namespace {

// Levenshtein's distance: how many letters to insert, delete or replace.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const std::size_t unit_begins = text.find_first_not_of("0123456789.");
  if (unit_begins == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view unit = text.substr(unit_begins);
  const double unit_ms = unit == "ms"  ? 1
                         : unit == "s" ? 1e3
                         : unit == "m" ? 60e3
                         : unit == "h" ? 3600e3
                                       : 0;
  const auto number = parse_number(text.substr(0, unit_begins));
  constexpr double kYearMs = 365.0 * 24 * 3600e3;
  if (!number || unit_ms == 0 || *number * unit_ms > kYearMs) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(std::llround(*number * unit_ms));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count % 3'600'000 == 0 && count != 0) {
    return fmt::format("{}h", count / 3'600'000);
  }
  if (count % 60'000 == 0 && count != 0) {
    return fmt::format("{}m", count / 60'000);
  }
  return count % 1000 == 0 ? fmt::format("{}s", count / 1000) : fmt::format("{}ms", count);
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") {
    return true;
  }
  if (text == "false" || text == "no" || text == "off" || text == "0") {
    return false;
  }
  return std::nullopt;
}

std::string did_you_mean(std::string_view wrong, std::span<const std::string> names) {
  if (wrong.size() > 256) {
    return "";
  }
  const std::string* nearest = nullptr;
  std::size_t nearest_distance = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t d = distance(wrong, name);
    if (d < nearest_distance) {
      nearest = &name;
      nearest_distance = d;
    }
  }
  return nearest == nullptr ? "" : fmt::format(": did you mean \"{}\"?", *nearest);
}

}  // namespace weir::collectors
