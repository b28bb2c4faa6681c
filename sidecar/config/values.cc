#include "sidecar/config/values.h"

#include <array>
#include <charconv>
#include <limits>

namespace weir::sidecar {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 8> kSizeUnits{{{"TiB", 1ull << 40},
                                          {"GiB", 1ull << 30},
                                          {"MiB", 1ull << 20},
                                          {"KiB", 1ull << 10},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"kB", 1'000},
                                          {"B", 1}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits at the front of `text`, which moves behind them. False: none, or too many.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return true;
}

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) {
      return &unit;
    }
  }
  return nullptr;
}

bool add_product(std::uint64_t number, std::uint64_t factor, std::uint64_t max,
                 std::uint64_t& sum) {
  if (number > (max - sum) / factor) {
    return false;
  }
  sum += number * factor;
  return true;
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

std::string parse_duration(std::string_view text, std::chrono::milliseconds& value) {
  const std::string bad = quoted(text) + " is not a duration, such as 10ms, 5s, 1h30m or 30d";
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t sum = 0;
  if (text == "0") {
    value = std::chrono::milliseconds(0);
    return {};
  }
  if (text.empty()) {
    return bad;
  }
  while (!text.empty()) {
    std::uint64_t number = 0;
    if (!take_number(text, number)) {
      return bad;
    }
    std::size_t length = 0;
    while (length < text.size() && !is_digit(text[length])) {
      ++length;
    }
    const Unit* unit = find_unit(kDurationUnits, text.substr(0, length));
    if (unit == nullptr || !add_product(number, unit->factor, kMax, sum)) {
      return bad;
    }
    text.remove_prefix(length);
  }
  value = std::chrono::milliseconds(static_cast<std::int64_t>(sum));
  return {};
}

std::string parse_size(std::string_view text, std::uint64_t& value) {
  const std::string bad = quoted(text) + " is not a size, such as 64MiB, 8MB or 1000";
  std::uint64_t number = 0;
  if (!take_number(text, number)) {
    return bad;
  }
  const Unit* unit = find_unit(kSizeUnits, text.empty() ? "B" : text);
  std::uint64_t sum = 0;
  if (unit == nullptr ||
      !add_product(number, unit->factor, std::numeric_limits<std::uint64_t>::max(), sum)) {
    return bad;
  }
  value = sum;
  return {};
}

std::string parse_count(std::string_view text, std::uint64_t& value) {
  std::string_view rest = text;
  std::uint64_t number = 0;
  if (!take_number(rest, number) || !rest.empty()) {
    return quoted(text) + " is not a whole number";
  }
  value = number;
  return {};
}

std::string parse_switch(std::string_view text, bool& value) {
  if (text != "true" && text != "false") {
    return quoted(text) + " is neither true nor false";
  }
  value = text == "true";
  return {};
}

std::string show_duration(std::chrono::milliseconds value) {
  auto rest = static_cast<std::uint64_t>(value.count());
  std::string text;
  for (const Unit& unit : kDurationUnits) {
    if (rest >= unit.factor) {
      text += std::to_string(rest / unit.factor) + std::string(unit.name);
      rest %= unit.factor;
    }
  }
  return text.empty() ? "0s" : text;
}

std::string show_size(std::uint64_t bytes) {
  for (const Unit& unit : kSizeUnits) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + (unit.factor == 1 ? "" : std::string(unit.name));
    }
  }
  return std::to_string(bytes);
}

}  // namespace weir::sidecar
