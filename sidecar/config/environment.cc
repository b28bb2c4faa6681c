#include "sidecar/config/environment.h"

#include <algorithm>
#include <array>

#include "sidecar/config/nearest.h"

namespace weir::sidecar {
namespace {

// Read by the client library, the collectors and weirctl; they may stand in the same unit or pod.
constexpr std::array<std::string_view, 9> kNamesOfOthers{
    "WEIR_SERVICE",         "WEIR_FLUSH_INTERVAL", "WEIR_HEARTBEAT_INTERVAL",
    "WEIR_GOODBYE_TIMEOUT", "WEIR_EXPORTER",       "WEIR_ENDPOINT_FILE",
    "WEIR_NATS_CA",         "WEIR_NATS_CERT",      "WEIR_NATS_KEY"};
constexpr std::array<std::string_view, 4> kPrefixesOfOthers{"WEIR_COLLECTOR", "WEIR_PATH_",
                                                            "WEIR_TEST_", "WEIR_HTTP_URL"};

bool belongs_to_others(std::string_view name) {
  return std::find(kNamesOfOthers.begin(), kNamesOfOthers.end(), name) != kNamesOfOthers.end() ||
         std::any_of(kPrefixesOfOthers.begin(), kPrefixesOfOthers.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

bool is_kubernetes_service_variable(std::string_view name) {
  return name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos ||
         name.ends_with("_PORT") || name.find("_PORT_") != std::string_view::npos;
}

EnvironmentValues read_environment(
    const std::vector<std::pair<std::string, std::string>>& environment,
    const std::vector<Option>& options) {
  EnvironmentValues result;
  std::vector<std::string> known{"WEIR_CONFIG"};
  for (const Option& option : options) {
    known.push_back(environment_name(option.key));
  }
  for (const auto& [name, value] : environment) {
    if (!name.starts_with("WEIR_") || is_kubernetes_service_variable(name)) {
      continue;
    }
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      if (!belongs_to_others(name)) {
        result.warnings.push_back("environment variable " + name + " is not known" +
                                  did_you_mean(name, known));
      }
    } else if (value.empty()) {
      continue;
    } else if (found == known.begin()) {
      result.config_file = value;
    } else {
      const auto index = static_cast<std::size_t>(found - known.begin()) - 1;
      result.values.push_back({name, options[index].key, value});
    }
  }
  return result;
}

}  // namespace weir::sidecar
