#include "sidecar/config/options.h"

#include <algorithm>
#include <array>

#include "schemas/names.h"
#include "sidecar/config/values.h"

namespace weir::sidecar {
namespace {

using std::chrono::milliseconds;
using Check = std::string (*)(std::string_view);

constexpr milliseconds kDay = std::chrono::hours(24);

std::string anything(std::string_view) {
  return {};
}

std::string why_bad_node(std::string_view value) {
  return wire::why_bad_entity_name("node", value);
}

std::string why_bad_service_label(std::string_view value) {
  return value.empty() || value == "service_name" ? "" : wire::why_bad_label_name(value);
}

std::string why_bad_subject_prefix(std::string_view value) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (value.empty() || !std::all_of(value.begin(), value.end(), allowed) ||
      value.starts_with('.') || value.ends_with('.') ||
      value.find("..") != std::string_view::npos) {
    return "\"" + std::string(value) +
           "\" is no subject prefix: tokens of [A-Za-z0-9_-] with dots "
           "between";
  }
  return {};
}

std::string why_bad_nats_url(std::string_view value) {
  if (value == "embedded") {
    return {};
  }
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    std::string_view url = value.substr(begin, end - begin);
    const std::size_t scheme_end = url.find("://");
    if (scheme_end != std::string_view::npos) {
      const std::string_view scheme = url.substr(0, scheme_end);
      if (scheme != "nats" && scheme != "tls") {
        return "scheme \"" + std::string(scheme) + "\" is not known; wanted nats:// or tls://";
      }
      url.remove_prefix(scheme_end + 3);
    }
    if (url.empty()) {
      return "has no host; wanted embedded, or nats://HOST:PORT";
    }
    if (url.find_first_of(" \t\n") != std::string_view::npos) {
      return "holds a space";
    }
    begin = end + 1;
  }
  return {};
}

std::string why_bad_directory(std::string_view value) {
  return value.starts_with('/') ? "" : "\"" + std::string(value) + "\" is not an absolute path";
}

// Builders of rows. `field` maps a Config to the member that the row is about.
template <typename Field>
Option text(std::string key, std::string type, Field field, std::string help,
            Check check = anything) {
  return {std::move(key),
          "",
          std::move(type),
          std::move(help),
          [field, check](Config& config, std::string_view value) {
            std::string reason = check(value);
            if (reason.empty()) {
              field(config) = std::string(value);
            }
            return reason;
          },
          [field](const Config& config) { return field(config); }};
}

template <typename Field>
Option listen(std::string key, Field field, std::string help) {
  return {std::move(key),
          "",
          "[HOST]:PORT",
          std::move(help),
          [field](Config& config, std::string_view value) {
            return parse_listen_address(value, field(config));
          },
          [field](const Config& config) { return field(config).to_string(); }};
}

template <typename Field>
Option duration(std::string key, Field field, milliseconds min, milliseconds max,
                std::string help) {
  return {std::move(key),
          "",
          "DURATION",
          std::move(help),
          [field, min, max](Config& config, std::string_view value) {
            milliseconds parsed{0};
            std::string reason = parse_duration(value, parsed);
            if (reason.empty() && (parsed < min || parsed > max)) {
              reason = std::string(value) + " is out of range: " + show_duration(min) + " to " +
                       show_duration(max);
            }
            if (reason.empty()) {
              field(config) = parsed;
            }
            return reason;
          },
          [field](const Config& config) { return show_duration(field(config)); }};
}

enum class Number : std::uint8_t { kSize, kCount };

template <typename Field>
Option number(std::string key, Number kind, Field field, std::uint64_t min, std::uint64_t max,
              std::string help) {
  const auto show = [kind](std::uint64_t value) {
    return kind == Number::kSize ? show_size(value) : std::to_string(value);
  };
  return {std::move(key),
          "",
          kind == Number::kSize ? "SIZE" : "NUMBER",
          std::move(help),
          [=](Config& config, std::string_view value) {
            std::uint64_t parsed = 0;
            std::string reason =
                kind == Number::kSize ? parse_size(value, parsed) : parse_count(value, parsed);
            if (reason.empty() && (parsed < min || parsed > max)) {
              reason = std::string(value) + " is out of range: " + show(min) + " to " + show(max);
            }
            if (reason.empty()) {
              field(config) = parsed;
            }
            return reason;
          },
          [=](const Config& config) { return show(field(config)); }};
}

template <typename Field>
Option switch_of(std::string key, Field field, std::string help) {
  return {std::move(key),
          "",
          "",
          std::move(help),
          [field](Config& config, std::string_view value) {
            return parse_switch(value, field(config));
          },
          [field](const Config& config) { return std::string(field(config) ? "true" : "false"); }};
}

// A folder, or "none" (an empty string in the Config).
template <typename Field>
Option folder_or_none(std::string key, Field field, std::string help) {
  return {std::move(key),
          "",
          "DIR",
          std::move(help),
          [field](Config& config, std::string_view value) {
            std::string reason = value == "none" ? "" : why_bad_directory(value);
            if (reason.empty()) {
              field(config) = value == "none" ? "" : std::string(value);
            }
            return reason;
          },
          [field](const Config& config) {
            return field(config).empty() ? std::string("none") : field(config);
          }};
}

Option log_level() {
  return text(
      "log.level", "trace|debug|info|warn|error",
      [](auto& config) -> auto& { return config.log_level; },
      "The least important message that is logged.",
      [](std::string_view value) {
        constexpr std::array<std::string_view, 5> kLevels{"trace", "debug", "info", "warn",
                                                          "error"};
        return std::find(kLevels.begin(), kLevels.end(), value) != kLevels.end()
                   ? std::string()
                   : "\"" + std::string(value) + "\" is none of trace, debug, info, warn, error";
      });
}

Option log_format() {
  return {"log.format",
          "",
          "text|json",
          "How messages are logged.",
          [](Config& config, std::string_view value) -> std::string {
            if (value != "text" && value != "json") {
              return "\"" + std::string(value) + "\" is neither text nor json";
            }
            config.log_format = value == "json" ? LogFormat::kJson : LogFormat::kText;
            return {};
          },
          [](const Config& config) {
            return std::string(config.log_format == LogFormat::kJson ? "json" : "text");
          }};
}

// A row's accessor of a member: works for `Config&` and `const Config&`.
#define WEIR_FIELD(member)    \
  [](auto& config) -> auto& { \
    return config.member;     \
  }

void add_nats_options(std::vector<Option>& options) {
  options.push_back(text("nats.url", "URL", WEIR_FIELD(nats.url),
                         "embedded: run a nats-server of its own; else nats://HOST:PORT or "
                         "tls://HOST:PORT, several with commas between.",
                         why_bad_nats_url));
  options.push_back(listen("nats.embedded.listen", WEIR_FIELD(nats.embedded_listen),
                           "Where the embedded nats-server listens; a free port is taken if this "
                           "one is in use."));
  options.push_back(text("nats.embedded.binary", "FILE", WEIR_FIELD(nats.embedded_binary),
                         "The nats-server program; else it is searched for in PATH and nearby."));
  options.push_back(text("nats.user", "NAME", WEIR_FIELD(nats.user), "User at NATS."));
  options.push_back(text("nats.password", "TEXT", WEIR_FIELD(nats.password),
                         "Password at NATS; the file or the environment hide it from ps."));
  options.push_back(text("nats.token", "TEXT", WEIR_FIELD(nats.token),
                         "Token at NATS; the file or the environment hide it from ps."));
  options.push_back(text("nats.credentials", "FILE", WEIR_FIELD(nats.credentials_file),
                         "Credentials file (JWT and seed)."));
  options.push_back(
      text("nats.nkey", "FILE", WEIR_FIELD(nats.nkey_file), "File with the seed of an nkey."));
  options.push_back(text("nats.tls.ca", "FILE", WEIR_FIELD(nats.tls_ca_file),
                         "Certificates that NATS's own is checked against."));
  options.push_back(text("nats.tls.cert", "FILE", WEIR_FIELD(nats.tls_cert_file),
                         "The sidecar's certificate at NATS."));
  options.push_back(
      text("nats.tls.key", "FILE", WEIR_FIELD(nats.tls_key_file), "The key of nats.tls.cert."));
}

void add_registry_options(std::vector<Option>& options) {
  const milliseconds second = std::chrono::seconds(1);
  options.push_back(duration("shutdown.linger", WEIR_FIELD(shutdown_linger), milliseconds(0),
                             std::chrono::hours(1),
                             "How long /metrics stays up after SIGTERM, for a last scrape."));
  options.push_back(duration("series_ttl", WEIR_FIELD(series_ttl), second, 365 * kDay,
                             "How long series stay after their last publisher ended."));
  options.push_back(duration("gauge_ttl", WEIR_FIELD(gauge_ttl), second, 365 * kDay,
                             "How long gauges stay while their publisher or NATS is silent."));
  options.push_back(duration("forget_after", WEIR_FIELD(forget_after), std::chrono::minutes(1),
                             365 * kDay,
                             "How long a lost instance without a cells file may come back."));
  options.push_back(duration("restart_window", WEIR_FIELD(restart_window), second, kDay,
                             "A start this soon after an end is a restart."));
  options.push_back(duration("recovery.timeout", WEIR_FIELD(recovery_timeout), milliseconds(100),
                             std::chrono::minutes(10),
                             "How long /metrics waits after a start for publishers to speak."));
  options.push_back(duration("state.interval", WEIR_FIELD(state_interval), second,
                             std::chrono::hours(1), "How often a checkpoint is written."));
  options.push_back(switch_of("pair", WEIR_FIELD(pair),
                              "Whether another sidecar of this node shares its counters."));
  options.push_back(text("exposition.service_label", "NAME", WEIR_FIELD(exposition.service_label),
                         "The label that carries the service's name; empty: none.",
                         why_bad_service_label));
  options.push_back(switch_of("exposition.created", WEIR_FIELD(exposition.created),
                              "Whether OpenMetrics shows _created series."));
  options.push_back(switch_of("exposition.zero_first", WEIR_FIELD(exposition.zero_first),
                              "Whether a new counter is shown as 0 once before its value."));
  options.push_back(number("limits.frame_bytes", Number::kSize, WEIR_FIELD(limits.frame_bytes_max),
                           4096, 64u << 20, "The largest frame."));
  options.push_back(number("limits.series", Number::kCount, WEIR_FIELD(capacity.series_max), 1,
                           200'000'000, "Series of all publishers together."));
  options.push_back(number("limits.label_bytes", Number::kSize,
                           WEIR_FIELD(capacity.label_bytes_max), 4096, 64ull << 30,
                           "Label texts of all series together."));
  options.push_back(number("limits.series_per_publisher", Number::kCount,
                           WEIR_FIELD(limits.series_per_publisher_max), 1, 100'000'000,
                           "Series of one publisher."));
  options.push_back(number("limits.families_per_publisher", Number::kCount,
                           WEIR_FIELD(limits.families_per_publisher_max), 1, 1'000'000,
                           "Metric names of one publisher."));
  options.push_back(number("limits.labels_per_series", Number::kCount,
                           WEIR_FIELD(limits.labels_per_series_max), 1, 256,
                           "Labels of one series."));
  options.push_back(number("limits.label_value_bytes", Number::kSize,
                           WEIR_FIELD(limits.label_value_bytes_max), 16, 1u << 20,
                           "The longest label value."));
  options.push_back(number("ingest.queue_bytes", Number::kSize, WEIR_FIELD(ingest_queue_bytes),
                           1u << 20, 16ull << 30, "Frames that wait to be merged, at most."));
}

}  // namespace

std::vector<Option> all_options() {
  std::vector<Option> options;
  options.push_back(
      listen("http.listen", WEIR_FIELD(http_listen), "Where /metrics, the page and the API are."));
  options.back().alias = "web.listen-address";
  options.push_back(listen("admin.listen", WEIR_FIELD(admin_listen),
                           "Kept for later: there is no administration yet."));
  options.push_back(text("node", "NAME", WEIR_FIELD(node), "The name of this node.", why_bad_node));
  options.push_back(text("subject.prefix", "TEXT", WEIR_FIELD(subject_prefix),
                         "What the NATS subjects begin with.", why_bad_subject_prefix));
  add_nats_options(options);
  options.push_back(
      folder_or_none("state.dir", WEIR_FIELD(state_dir),
                     "Where totals outlive the sidecar; none: a restart begins with the living."));
  options.push_back(folder_or_none(
      "cells.dir", WEIR_FIELD(cells_dir),
      "Where publishers keep what they count, so that it outlives them; none: nowhere."));
  options.push_back(text("run.dir", "DIR", WEIR_FIELD(run_dir),
                         "Where the endpoint file stands, by which clients find the sidecar.",
                         why_bad_directory));
  options.push_back(log_level());
  options.push_back(log_format());
  add_registry_options(options);
  return options;
}
#undef WEIR_FIELD

std::string environment_name(std::string_view key) {
  std::string name = "WEIR_";
  for (const char c : key) {
    name += c == '.' || c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  return name;
}

std::string set_aggregation(Config& config, std::string_view metric, std::string_view value) {
  constexpr std::array<std::pair<std::string_view, wire::Aggregation>, 6> kAggregations{
      {{"sum", wire::Aggregation::kSum},
       {"min", wire::Aggregation::kMin},
       {"max", wire::Aggregation::kMax},
       {"mean", wire::Aggregation::kMean},
       {"last", wire::Aggregation::kLast},
       {"per_instance", wire::Aggregation::kPerInstance}}};
  if (std::string reason = wire::why_bad_metric_name(metric); !reason.empty()) {
    return reason;
  }
  for (const auto& [name, aggregation] : kAggregations) {
    if (name == value) {
      config.aggregation[std::string(metric)] = aggregation;
      return {};
    }
  }
  return "\"" + std::string(value) + "\" is none of sum, min, max, mean, last, per_instance";
}

std::string help_text(const std::vector<Option>& options, const Config& defaults) {
  std::string text =
      "weir-sidecar: merges what the publishers of this node send over NATS, and serves /metrics.\n"
      "\n"
      "Usage: weir-sidecar [FLAGS]\n"
      "\n"
      "Each flag is also a key of the YAML file (--http.listen is `http: {listen: ...}`) and an\n"
      "environment variable (WEIR_HTTP_LISTEN). Flags win over the environment, the environment\n"
      "over the file. Durations: 10ms, 5s, 1h30m, 30d. Sizes: 64MiB, 8MB.\n"
      "\n"
      "  --config FILE\n      The YAML file; also WEIR_CONFIG.\n"
      "  --check-config\n      Check the configuration, print \"config ok\" or each error, leave.\n"
      "  --version\n      Print the version, leave.\n"
      "  --help, -h\n      Print this, leave.\n";
  for (const Option& option : options) {
    text += "  --" + option.key + (option.is_switch() ? "[=true|false]" : " " + option.type) + "\n";
    text += "      " + option.help;
    const std::string shown = option.show(defaults);
    text += shown.empty() ? "\n" : " Default: " + shown + "\n";
    if (!option.alias.empty()) {
      text += "      Also --" + option.alias + ".\n";
    }
  }
  text +=
      "  aggregation: {METRIC: sum|min|max|mean|last|per_instance}\n"
      "      In the file only: how the gauges of several publishers add up.\n";
  return text;
}

}  // namespace weir::sidecar
