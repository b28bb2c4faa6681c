// One run of a publisher: 128 random bits, new at each start and in each forked child. A value
// type.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::wire {

struct InstanceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const InstanceId&) const = default;

  [[nodiscard]] bool is_zero() const { return high == 0 && low == 0; }
  [[nodiscard]] std::string to_string() const;  // 32 lower-case hexadecimal digits
  [[nodiscard]] static std::optional<InstanceId> parse(std::string_view text);
  [[nodiscard]] static InstanceId random();  // getrandom(2)
};

}  // namespace weir::wire

template <>
struct std::hash<weir::wire::InstanceId> {
  std::size_t operator()(const weir::wire::InstanceId& id) const noexcept {
    return static_cast<std::size_t>(
        id.high ^ (id.low * 0x9e3779b97f4a7c15ull));  // both halves are random already
  }
};
