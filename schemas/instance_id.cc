#include "schemas/instance_id.h"

#include <sys/random.h>

#include <charconv>
#include <random>

namespace weir::wire {
namespace {

constexpr std::size_t kDigitsPerHalf = 16;

void append_hex(std::string& out, std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) {
    out.push_back(kDigits[(value >> shift) & 0xf]);
  }
}

std::optional<std::uint64_t> parse_half(std::string_view digits) {
  for (const char digit : digits) {
    const bool lower_hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    if (!lower_hex) {
      return std::nullopt;
    }
  }
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

}  // namespace

std::string InstanceId::to_string() const {
  std::string text;
  text.reserve(2 * kDigitsPerHalf);
  append_hex(text, high);
  append_hex(text, low);
  return text;
}

std::optional<InstanceId> InstanceId::parse(std::string_view text) {
  if (text.size() != 2 * kDigitsPerHalf) {
    return std::nullopt;
  }
  const auto high = parse_half(text.substr(0, kDigitsPerHalf));
  const auto low = parse_half(text.substr(kDigitsPerHalf));
  if (!high || !low) {
    return std::nullopt;
  }
  return InstanceId{*high, *low};
}

InstanceId InstanceId::random() {
  InstanceId id;
  while (id.is_zero()) {
    if (getrandom(&id, sizeof id, 0) != static_cast<ssize_t>(sizeof id)) {
      // Kernels without getrandom, or early boot: the C++ library has sources of its own.
      std::random_device device;
      id.high = (std::uint64_t{device()} << 32) | device();
      id.low = (std::uint64_t{device()} << 32) | device();
    }
  }
  return id;
}

}  // namespace weir::wire
