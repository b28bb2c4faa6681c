// The nearest of the known names: what a person meant who wrote "htp.listen".
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::sidecar {

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The name with the least distance, the first of equals; empty where nothing is near enough to be
// of use.
[[nodiscard]] std::string nearest_name(std::string_view name, std::span<const std::string> known);

// `; did you mean "http.listen"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace weir::sidecar
