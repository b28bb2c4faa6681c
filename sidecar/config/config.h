// The sidecar's configuration: defaults, then the YAML file, then WEIR_* environment variables,
// then flags; the later wins. options.cc is the one table behind all four.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/frame.h"
#include "schemas/limits.h"
#include "sidecar/config/listen_address.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

struct NatsConfig {
  std::string url = "embedded";  // or nats://, tls://; comma-separated
  ListenAddress embedded_listen{"127.0.0.1", 4222};
  std::string embedded_binary;  // empty: searched for
  std::string user, password;
  std::string token;
  std::string credentials_file;
  std::string nkey_file;
  std::string tls_ca_file, tls_cert_file, tls_key_file;

  [[nodiscard]] bool embedded() const { return url == "embedded"; }
};

struct ExpositionConfig {
  std::string service_label = "service_name";  // empty: left off
  bool created = false;
  bool zero_first = true;
};

enum class LogFormat : std::uint8_t { kText, kJson };

struct Config {
  std::string file;  // --config; empty: none
  std::string node;
  std::string subject_prefix = "weir";
  ListenAddress http_listen{"", 9742};
  ListenAddress admin_listen{"127.0.0.1", 9743};
  NatsConfig nats;

  std::string state_dir;  // empty: none, nothing survives a restart
  std::chrono::milliseconds state_interval{std::chrono::seconds(30)};
  std::string cells_dir = "/run/weir/cells";  // empty: none
  std::string run_dir;                        // where the endpoint file stands

  std::string log_level = "info";  // trace, debug, info, warn, error
  LogFormat log_format = LogFormat::kText;

  std::chrono::milliseconds shutdown_linger{0};
  std::chrono::milliseconds series_ttl{std::chrono::hours(1)};
  std::chrono::milliseconds gauge_ttl{std::chrono::minutes(5)};
  std::chrono::milliseconds forget_after{std::chrono::hours(24)};
  std::chrono::milliseconds restart_window{std::chrono::minutes(5)};
  std::chrono::milliseconds recovery_timeout{std::chrono::seconds(10)};

  bool pair = false;  // shares its counters with other sidecars of the node
  ExpositionConfig exposition;
  std::map<std::string, wire::Aggregation, std::less<>> aggregation;  // metric name -> override
  wire::Limits limits;
  Registry::Capacity capacity;
  std::uint64_t ingest_queue_bytes = 64ull << 20;
};

// What the process was given: an argument of its own, so that tests need no process.
struct Surroundings {
  std::vector<std::string> arguments;  // without the program's name
  std::vector<std::pair<std::string, std::string>> environment;
  std::uint32_t user_id = 0;
  std::string host_name;
};

struct ConfigResult {
  Config config;
  std::vector<std::string> warnings;
  std::vector<std::string> errors;  // each names the place, the key and the reason

  // --help, --version, --check-config, or errors: print `text` and leave with `code`.
  struct Exit {
    std::string text;
    int code = 0;  // not 0: `text` belongs on the standard error stream
  };
  std::optional<Exit> exit;
};

[[nodiscard]] ConfigResult load_config(const Surroundings& surroundings);
// The same for main(): `environment` is environ.
[[nodiscard]] ConfigResult load_config(int argc, const char* const* argv,
                                       const char* const* environment);

}  // namespace weir::sidecar
