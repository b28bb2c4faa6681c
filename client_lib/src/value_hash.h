// The hash of label values: a few nanoseconds for a few short strings, seeded, so that nobody who
// chooses label values can choose collisions. Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace weir {

namespace detail {

// Both halves of a 128-bit product, folded: each input bit reaches each output bit.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <typename Word>
std::uint64_t load(const char* text) noexcept {
  Word word;
  std::memcpy(&word, text, sizeof word);
  return word;
}

// At most 8 bytes as one number; the length is mixed in by the caller.
inline std::uint64_t load_tail(const char* text, std::size_t length) noexcept {
  if (length >= 4) {
    return load<std::uint32_t>(text) << 32 | load<std::uint32_t>(text + length - 4);
  }
  if (length == 0) {
    return 0;
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(text[i]));
  };
  return byte(0) << 16 | byte(length / 2) << 8 | byte(length - 1);
}

}  // namespace detail

inline std::uint64_t hash_values(std::uint64_t seed,
                                 std::span<const std::string_view> values) noexcept {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  std::uint64_t hash = seed;
  for (const std::string_view value : values) {
    const char* text = value.data();
    std::size_t left = value.size();
    for (; left > 8; left -= 8, text += 8) {
      hash = detail::mix(hash ^ detail::load<std::uint64_t>(text), kOdd);
    }
    hash = detail::mix(hash ^ detail::load_tail(text, left), kOdd ^ value.size());
  }
  return hash;
}

}  // namespace weir
