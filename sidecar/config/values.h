// Values as people write them in a configuration: durations (10ms, 5s, 1h, 30d, 1h30m), sizes
// (64MiB, 8MB, 1000), switches (true, false). Each parser fills `value`, or answers the reason and
// leaves it alone; empty: it is fine. Thread-safe: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sidecar {

[[nodiscard]] std::string parse_duration(std::string_view text, std::chrono::milliseconds& value);
[[nodiscard]] std::string parse_size(std::string_view text, std::uint64_t& value);
[[nodiscard]] std::string parse_count(std::string_view text, std::uint64_t& value);
[[nodiscard]] std::string parse_switch(std::string_view text, bool& value);

// The shortest text that parses to the value: "90s" is "1m30s", 67108864 is "64MiB".
[[nodiscard]] std::string show_duration(std::chrono::milliseconds value);
[[nodiscard]] std::string show_size(std::uint64_t bytes);

}  // namespace weir::sidecar
