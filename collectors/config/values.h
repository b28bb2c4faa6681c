// Values as people write them: durations, flags, numbers, and the nearest of some names.
// Thread-safe: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::collectors {

// "10ms", "5s", "1.5m", "1h"; up to a year.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);
// true, false, yes, no, on, off, 1, 0
[[nodiscard]] std::optional<bool> parse_flag(std::string_view text);
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

// ": did you mean "uptime"?", or nothing when no name is near.
[[nodiscard]] std::string did_you_mean(std::string_view wrong, std::span<const std::string> names);

}  // namespace weir::collectors
