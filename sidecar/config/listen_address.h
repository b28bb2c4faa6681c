// Where to listen: [HOST]:PORT. An empty host is every address of the machine, IPv6 and IPv4.
// A value type; the functions are pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sidecar {

struct ListenAddress {
  std::string host;        // name, IPv4, or IPv6 without brackets; empty: every address
  std::uint16_t port = 0;  // 0: the kernel chooses

  bool operator==(const ListenAddress&) const = default;
  [[nodiscard]] std::string to_string() const;  // ":9742", "127.0.0.1:9743", "[::1]:9742"
};

// Fills `address`, or answers the reason and leaves it alone. Empty: it is fine.
[[nodiscard]] std::string parse_listen_address(std::string_view text, ListenAddress& address);

}  // namespace weir::sidecar
