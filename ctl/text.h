// Text for a terminal: ages, plurals, aligned tables, and nothing that a hostile name could do to
// the terminal. Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ctl {

// "4s", "3m12s", "5h02m", "9d04h"; "-" if `then` is 0, "0s" if it lies ahead.
[[nodiscard]] std::string age(std::int64_t then_unix_ms, std::int64_t now_unix_ms);

[[nodiscard]] std::string count_of(std::uint64_t count, std::string_view singular,
                                   std::string_view plural);

// Control characters become '?': text from the network must not move the cursor.
[[nodiscard]] std::string printable(std::string_view text);

// Columns as wide as their widest cell (in code points), two spaces apart; the last one is free.
// REQUIRES: each row has as many cells as `header`.
[[nodiscard]] std::string table(const std::vector<std::string>& header,
                                const std::vector<std::vector<std::string>>& rows);

}  // namespace weir::ctl
