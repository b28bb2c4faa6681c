// The WEIR_* part of the environment: which variables are options, which are someone else's, which
// nobody knows. Thread-safe: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sidecar/config/options.h"

namespace weir::sidecar {

struct EnvironmentValues {
  std::string config_file;  // WEIR_CONFIG
  struct Value {
    std::string name;  // "WEIR_HTTP_LISTEN"
    std::string key;
    std::string value;
  };
  std::vector<Value> values;  // an empty variable counts as not set
  std::vector<std::string> warnings;
};

[[nodiscard]] EnvironmentValues read_environment(
    const std::vector<std::pair<std::string, std::string>>& environment,
    const std::vector<Option>& options);

// Kubernetes injects WEIR_PORT=tcp://... and more of that kind for a Service called weir.
[[nodiscard]] bool is_kubernetes_service_variable(std::string_view name);

}  // namespace weir::sidecar
