#include "sidecar/config/listen_address.h"

#include <charconv>

namespace weir::sidecar {

std::string ListenAddress::to_string() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string parse_listen_address(std::string_view text, ListenAddress& address) {
  constexpr std::string_view kWanted = "wanted [HOST]:PORT, such as :9742 or 127.0.0.1:9742";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return "has no port; " + std::string(kWanted);
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  const auto [stop, error] = std::from_chars(port_text.data(), end, port);
  if (error != std::errc{} || stop != end) {
    return "port \"" + std::string(port_text) + "\" is not a number from 0 to 65535; " +
           std::string(kWanted);
  }
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 3) {
      return "has an unclosed bracket; " + std::string(kWanted);
    }
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return "an IPv6 address stands in brackets: [" + std::string(host) +
           "]:" + std::string(port_text);
  }
  if (host.find_first_of("[]/ \t@") != std::string_view::npos) {
    return "host \"" + std::string(host) + "\" is not a name or an address; " +
           std::string(kWanted);
  }
  address.host = std::string(host);
  address.port = port;
  return {};
}

}  // namespace weir::sidecar
