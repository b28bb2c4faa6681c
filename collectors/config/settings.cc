#include "collectors/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/config/values.h"

namespace weir::collectors {
namespace {

template <std::string NatsPublisherOptions::*member>
Status set_publisher(Settings& settings, const std::string& value) {
  settings.publisher.*member = value;
  return {};
}

template <std::string Paths::*member>
Status set_path(Settings& settings, const std::string& value) {
  if (value.empty()) {
    return Status::error("must name a folder");
  }
  settings.paths.*member = value;
  return {};
}

Status set_flush_interval(Settings& settings, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration || *duration < std::chrono::milliseconds(10) || *duration > std::chrono::hours(1)) {
    return Status::error(fmt::format("\"{}\" is not a duration from 10ms to 1h", value));
  }
  settings.publisher.flush_interval = *duration;
  return {};
}

template <std::string Settings::*member, std::size_t count>
Status set_choice(Settings& settings, const std::string& value,
                  const std::array<std::string, count>& choices) {
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    return Status::error(fmt::format("\"{}\" is none of {}", value, fmt::join(choices, ", ")));
  }
  settings.*member = value;
  return {};
}

Status set_log_level(Settings& settings, const std::string& value) {
  return set_choice<&Settings::log_level, 6>(settings, value,
                                             {"trace", "debug", "info", "warn", "error", "off"});
}

Status set_log_format(Settings& settings, const std::string& value) {
  return set_choice<&Settings::log_format, 2>(settings, value, {"text", "json"});
}

using Publisher = NatsPublisherOptions;
constexpr std::array kSettings = {
    Setting{"nats.url", "NATS servers, comma-separated; default: the sidecar's endpoint file", true,
            set_publisher<&Publisher::url>},
    Setting{"nats.user", "user name", true, set_publisher<&Publisher::user>},
    Setting{"nats.password", "password", false, set_publisher<&Publisher::password>},
    Setting{"nats.token", "token", false, set_publisher<&Publisher::token>},
    Setting{"nats.credentials", "file with JWT and seed, as of nsc", true,
            set_publisher<&Publisher::credentials_file>},
    Setting{"nats.nkey", "file with the seed of an nkey", true,
            set_publisher<&Publisher::nkey_seed_file>},
    Setting{"nats.tls.ca", "file with the authority of the server's certificate", true,
            set_publisher<&Publisher::tls_ca_file>},
    Setting{"nats.tls.cert", "file with the own certificate", true,
            set_publisher<&Publisher::tls_cert_file>},
    Setting{"nats.tls.key", "file with the key of the own certificate", true,
            set_publisher<&Publisher::tls_key_file>},
    Setting{"node", "name of this node; default: the sidecar's, else the host name", true,
            set_publisher<&Publisher::node>},
    Setting{"flush_interval", "how often changed readings are published, 10ms to 1h; default 1s",
            true, set_flush_interval},
    Setting{"path.procfs", "where the node's /proc is", true, set_path<&Paths::procfs>},
    Setting{"path.sysfs", "where the node's /sys is", true, set_path<&Paths::sysfs>},
    Setting{"path.rootfs", "where the node's / is", true, set_path<&Paths::rootfs>},
    Setting{"log.level", "trace, debug, info, warn, error, off", true, set_log_level},
    Setting{"log.format", "text, json", true, set_log_format},
};

}  // namespace

std::string Setting::environment() const {
  std::string name = "WEIR_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

std::span<const Setting> all_settings() {
  return kSettings;
}

Status apply_setting(Settings& settings, const Setting& setting, const std::string& value) {
  const Status status = setting.apply(settings, value);
  return status.ok() ? status : Status::error(fmt::format("{}: {}", setting.key, status.reason()));
}

Plan plan_of(const CatalogueEntry& entry, const Settings& settings) {
  Plan plan{entry.defaults.enabled, entry.defaults.interval, {}};
  const auto found = settings.collectors.find(entry.name);
  const CollectorSettings* own = found == settings.collectors.end() ? nullptr : &found->second;
  if (own != nullptr) {
    plan.enabled = own->enabled.value_or(plan.enabled);
    plan.interval = own->interval.value_or(plan.interval);
  }
  // A short interval does not make the reading itself faster.
  plan.deadline = std::max<std::chrono::milliseconds>(plan.interval, std::chrono::seconds(1));
  if (own != nullptr) {
    plan.deadline = own->deadline.value_or(plan.deadline);
  }
  return plan;
}

}  // namespace weir::collectors
