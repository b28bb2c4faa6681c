#include "discovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>

#include "endpoint_file.h"
#include "schemas/names.h"
#include "schemas/subjects.h"

namespace weir {
namespace {

constexpr const char* kDefaultUrl = "nats://127.0.0.1:4222";
constexpr const char* kDefaultCellsDirectory = "/run/weir/cells";
constexpr std::int64_t kFlushMsMin = 10;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kDefaultFlushMs = 1000;
constexpr std::int64_t kDefaultHeartbeatMs = 5000;
constexpr std::int64_t kDefaultGoodbyeMs = 500;

std::string or_else(const std::string& option, const Surroundings& surroundings, const char* name) {
  if (!option.empty()) {
    return option;
  }
  return surroundings.environment(name).value_or("");
}

std::string trimmed(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.back())) {
    text.pop_back();
  }
  return text;
}

// The first that can be read: what is named for us, the system's, the user's.
std::optional<std::string> read_endpoint(const Surroundings& surroundings, std::string& path) {
  if (const auto named = surroundings.environment("WEIR_ENDPOINT_FILE"); named && !named->empty()) {
    path = *named;
    return surroundings.read_file(path);
  }
  path = "/run/weir/endpoint";
  if (auto text = surroundings.read_file(path)) {
    return text;
  }
  const auto runtime = surroundings.environment("XDG_RUNTIME_DIR");
  if (!runtime || runtime->empty()) {
    return std::nullopt;
  }
  path = *runtime + "/weir/endpoint";
  return surroundings.read_file(path);
}

void discover_connection(const NatsPublisherOptions& options, const Surroundings& surroundings,
                         const EndpointFile& file, const std::string& file_note,
                         ConnectOptions& connect) {
  connect.url = or_else(options.url, surroundings, "WEIR_NATS_URL");
  connect.user = or_else(options.user, surroundings, "WEIR_NATS_USER");
  connect.password = or_else(options.password, surroundings, "WEIR_NATS_PASSWORD");
  connect.token = or_else(options.token, surroundings, "WEIR_NATS_TOKEN");
  connect.credentials_file =
      or_else(options.credentials_file, surroundings, "WEIR_NATS_CREDENTIALS");
  connect.nkey_seed_file = or_else(options.nkey_seed_file, surroundings, "WEIR_NATS_NKEY");
  connect.tls_ca_file = or_else(options.tls_ca_file, surroundings, "WEIR_NATS_TLS_CA");
  connect.tls_cert_file = or_else(options.tls_cert_file, surroundings, "WEIR_NATS_TLS_CERT");
  connect.tls_key_file = or_else(options.tls_key_file, surroundings, "WEIR_NATS_TLS_KEY");
  if (connect.url.empty()) {
    connect.url = file.url;
    connect.note = file_note;
  }
  const bool has_own_proof = !connect.token.empty() || !connect.user.empty() ||
                             !connect.credentials_file.empty() || !connect.nkey_seed_file.empty();
  // The sidecar's token is for its own server only.
  if (!has_own_proof && !file.token_file.empty() && connect.url == file.url) {
    if (const auto token = surroundings.read_file(file.token_file)) {
      connect.token = trimmed(*token);
    } else {
      connect.note = "can not read the token file " + file.token_file;
    }
  }
  if (connect.url.empty()) {
    connect.url = kDefaultUrl;
  }
}

Status discover_interval(std::chrono::milliseconds option, const Surroundings& surroundings,
                         const char* name, const char* variable, std::int64_t fallback,
                         std::int64_t low, std::int64_t& out) {
  std::string source = name;
  out = option.count() != 0 ? option.count() : fallback;
  if (const auto text = surroundings.environment(variable);
      option.count() == 0 && text && !text->empty()) {
    source = variable;
    const auto parsed = parse_duration_ms(*text);
    if (!parsed) {
      return Status::error(source + "=\"" + *text +
                           "\" is not a duration such as 10ms, 5s, 2m or 1h");
    }
    out = *parsed;
  }
  if (out < low || out > kHourMs) {
    return Status::error(source + ": " + std::to_string(out) + " ms is not between " +
                         std::to_string(low) + " ms and 1 h");
  }
  return {};
}

Status check_subject_prefix(const std::string& prefix) {
  bool token_empty = true;
  for (const char c : prefix) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (!plain && !(c == '.' && !token_empty)) {
      return Status::error("subject prefix \"" + prefix +
                           "\": tokens of [a-zA-Z0-9_-] with dots between them are allowed");
    }
    token_empty = c == '.';
  }
  return token_empty ? Status::error("subject prefix \"" + prefix + "\": ends in a dot") : Status{};
}

std::optional<std::string> read_small_file(const std::string& path) {
  constexpr std::size_t kBytesMax = 64 * 1024;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while (text.size() <= kBytesMax) {
    count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(file);
  if (count < 0 || text.size() > kBytesMax) {
    return std::nullopt;
  }
  return text;
}

}  // namespace

Surroundings Surroundings::of_this_process() {
  Surroundings surroundings;
  surroundings.environment = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  surroundings.read_file = read_small_file;
  surroundings.host_name = [] {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                            : std::string("localhost");
  };
  surroundings.program_name = [] { return std::string(program_invocation_short_name); };
  return surroundings;
}

Status discover(const NatsPublisherOptions& options, const Surroundings& surroundings,
                Discovered& discovered) {
  discovered = {};
  const std::string exporter = surroundings.environment("WEIR_EXPORTER").value_or("");
  if (!exporter.empty() && exporter != "nats" && exporter != "null") {
    return Status::error("WEIR_EXPORTER=\"" + exporter + "\" is neither nats nor null");
  }
  discovered.exporter_is_null = exporter == "null";

  EndpointFile file;
  std::string path;
  std::string note;
  if (const auto text = read_endpoint(surroundings, path)) {
    if (Status status = parse_endpoint_file(*text, file); !status.ok()) {
      file = {};
      note = "endpoint file " + path + ": " + status.reason();
    }
  }
  discover_connection(options, surroundings, file, note, discovered.connect);

  discovered.service = or_else(options.service, surroundings, "WEIR_SERVICE");
  if (discovered.service.empty()) {
    discovered.service = surroundings.program_name();
  }
  discovered.node = or_else(options.node, surroundings, "WEIR_NODE");
  if (discovered.node.empty()) {
    discovered.node = file.node.empty() ? surroundings.host_name() : file.node;
  }
  discovered.subject_prefix = or_else(options.subject_prefix, surroundings, "WEIR_SUBJECT_PREFIX");
  if (discovered.subject_prefix.empty()) {
    discovered.subject_prefix = wire::kDefaultSubjectPrefix;
  }
  if (std::string reason = wire::why_bad_entity_name("service", discovered.service);
      !reason.empty()) {
    return Status::error(std::move(reason));
  }
  if (std::string reason = wire::why_bad_entity_name("node", discovered.node); !reason.empty()) {
    return Status::error(std::move(reason));
  }
  if (Status status = check_subject_prefix(discovered.subject_prefix); !status.ok()) {
    return status;
  }
  if (Status status = discover_interval(options.flush_interval, surroundings, "flush interval",
                                        "WEIR_FLUSH_INTERVAL", kDefaultFlushMs, kFlushMsMin,
                                        discovered.flush_interval_ms);
      !status.ok()) {
    return status;
  }
  if (Status status = discover_interval(
          options.heartbeat_interval, surroundings, "heartbeat interval", "WEIR_HEARTBEAT_INTERVAL",
          kDefaultHeartbeatMs, kFlushMsMin, discovered.heartbeat_interval_ms);
      !status.ok()) {
    return status;
  }
  discovered.heartbeat_interval_ms =
      std::max(discovered.heartbeat_interval_ms, discovered.flush_interval_ms);
  return discover_interval(options.goodbye_timeout, surroundings, "goodbye timeout",
                           "WEIR_GOODBYE_TIMEOUT", kDefaultGoodbyeMs, 1,
                           discovered.goodbye_timeout_ms);
}

std::string cells_directory(const std::string& option, const Surroundings& surroundings) {
  std::string directory = or_else(option, surroundings, "WEIR_CELLS_DIR");
  if (directory == "none") {
    return {};
  }
  EndpointFile file;
  std::string path;
  if (directory.empty()) {
    if (const auto text = read_endpoint(surroundings, path);
        text && parse_endpoint_file(*text, file).ok()) {
      directory = file.cells_dir;
    }
  }
  return directory.empty() ? kDefaultCellsDirectory : directory;
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const std::int64_t unit_ms = unit == "ms"  ? 1
                               : unit == "s" ? 1000
                               : unit == "m" ? 60'000
                               : unit == "h" ? kHourMs
                                             : 0;
  if (error != std::errc{} || unit_ms == 0 || number < 0 || number > INT64_MAX / unit_ms) {
    return std::nullopt;
  }
  return number * unit_ms;
}

std::string without_secrets(std::string_view url) {
  std::string out;
  while (true) {
    const std::size_t comma = url.find(',');
    const std::string_view one = url.substr(0, comma);
    const std::size_t scheme = one.find("://");
    const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t at = one.rfind('@');
    out += one.substr(0, host);
    out += one.substr(at == std::string_view::npos || at < host ? host : at + 1);
    if (comma == std::string_view::npos) {
      return out;
    }
    out += ',';
    url.remove_prefix(comma + 1);
  }
}

}  // namespace weir
