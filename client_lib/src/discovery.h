// Where to publish, and as whom: the program's options, else the environment, else the sidecar's
// endpoint file, else the defaults. Thread-compatible: const methods may run together; otherwise
// the caller locks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "weir/nats_publisher.h"
#include "weir/status.h"

namespace weir {

// The world outside, so that tests bring their own. A file larger than 64 KiB can not be read.
struct Surroundings {
  std::function<std::optional<std::string>(const char* name)> environment;
  std::function<std::optional<std::string>(const std::string& path)> read_file;
  std::function<std::string()> host_name;
  std::function<std::string()> program_name;

  static Surroundings of_this_process();
};

// How to reach the server.
struct ConnectOptions {
  std::string url;
  std::string user, password;
  std::string token;
  std::string credentials_file;
  std::string nkey_seed_file;
  std::string tls_ca_file, tls_cert_file, tls_key_file;
  std::string note;  // for people: what may be wrong, e.g. a token file that can not be read

  bool operator==(const ConnectOptions&) const = default;
};

struct Discovered {
  bool exporter_is_null = false;  // WEIR_EXPORTER=null: publish nothing
  ConnectOptions connect;
  std::string service;
  std::string node;
  std::string subject_prefix;
  std::int64_t flush_interval_ms = 0;
  std::int64_t heartbeat_interval_ms = 0;
  std::int64_t goodbye_timeout_ms = 0;
};

// An error names the option or the environment variable, and the reason.
[[nodiscard]] Status discover(const NatsPublisherOptions& options, const Surroundings& surroundings,
                              Discovered& discovered);

// The folder in which a registry makes its cells file; empty if it is to have none.
[[nodiscard]] std::string cells_directory(const std::string& option,
                                          const Surroundings& surroundings);

// "10ms", "5s", "2m", "1h".
[[nodiscard]] std::optional<std::int64_t> parse_duration_ms(std::string_view text);

// A url without user, password or token, for people.
[[nodiscard]] std::string without_secrets(std::string_view url);

}  // namespace weir
