#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/config/settings.h"
#include "collectors/config/values.h"

namespace weir::collectors {
namespace {

// Read elsewhere: the file's name by the flags, the rest by the client library.
constexpr std::array<std::string_view, 13> kReadElsewhere = {"WEIR_CONFIG",
                                                             "WEIR_SERVICE",
                                                             "WEIR_CELLS_DIR",
                                                             "WEIR_EXPORTER",
                                                             "WEIR_ENDPOINT_FILE",
                                                             "WEIR_NATS_TLS_CA",
                                                             "WEIR_NATS_TLS_CERT",
                                                             "WEIR_NATS_TLS_KEY",
                                                             "WEIR_SUBJECT_PREFIX",
                                                             "WEIR_GOODBYE_TIMEOUT",
                                                             "WEIR_HEARTBEAT_INTERVAL",
                                                             "WEIR_NATS_CREDENTIALS",
                                                             "WEIR_NATS_NKEY"};

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Kubernetes states a Service called weir like this, e.g. WEIR_PORT=tcp://10.0.0.1:9742.
bool set_by_kubernetes(std::string_view name) {
  return ends_with(name, "_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos ||
         ends_with(name, "_PORT") || name.find("_PORT_") != std::string_view::npos;
}

}  // namespace

Status read_environment(Settings& settings, std::span<const std::string> environment,
                        std::vector<std::string>& warnings) {
  std::vector<std::string> known(kReadElsewhere.begin(), kReadElsewhere.end());
  for (const Setting& setting : all_settings()) {
    known.push_back(setting.environment());
  }
  for (const std::string& variable : environment) {
    const std::size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    if (name.substr(0, 5) != "WEIR_" || equals == std::string::npos || set_by_kubernetes(name)) {
      continue;
    }
    const auto setting =
        std::find_if(all_settings().begin(), all_settings().end(),
                     [&name](const Setting& candidate) { return candidate.environment() == name; });
    if (setting != all_settings().end()) {
      if (const Status status = apply_setting(settings, *setting, variable.substr(equals + 1));
          !status.ok()) {
        return Status::error(fmt::format("environment {}: {}", name, status.reason()));
      }
    } else if (std::find(known.begin(), known.end(), name) == known.end()) {
      warnings.push_back(
          fmt::format("environment {} is unknown and ignored{}", name, did_you_mean(name, known)));
    }
  }
  return {};
}

}  // namespace weir::collectors
