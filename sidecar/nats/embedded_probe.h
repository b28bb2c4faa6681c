// Ports and who listens on them, for the embedded broker. Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sidecar {

// Whether `port` of `host` could be listened on now.
[[nodiscard]] bool is_port_free(const std::string& host, std::uint16_t port);
// A port that nobody listens on now; 0: the host is not ours.
[[nodiscard]] std::uint16_t any_free_port(const std::string& host);

struct ProbeResult {
  bool ours = false;    // a NATS server of that name answered
  std::string version;  // its version
};
// Connects and reads the INFO line with which a NATS server greets; waits 500 ms at most.
// https://docs.nats.io/reference/reference-protocols/nats-protocol#info
[[nodiscard]] ProbeResult probe_nats(const std::string& host, std::uint16_t port,
                                     std::string_view server_name);

// From 2.9 on.
[[nodiscard]] bool is_supported_nats_version(std::string_view version);

}  // namespace weir::sidecar
