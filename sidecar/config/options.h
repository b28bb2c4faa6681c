// The table of options: one row drives the key of the YAML file, the flag, the environment
// variable, the help and the checks of a value. Thread-safe: pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/config.h"

namespace weir::sidecar {

struct Option {
  std::string key;    // "http.listen"
  std::string alias;  // a second name of the flag, or empty
  std::string type;   // for the help: "[HOST]:PORT", "DURATION", "text|json"; empty: a switch
  std::string help;
  // Sets the value, or answers the reason why it can not be one.
  std::function<std::string(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> show;

  [[nodiscard]] bool is_switch() const { return type.empty(); }
};

[[nodiscard]] std::vector<Option> all_options();

// "http.listen" -> "WEIR_HTTP_LISTEN"
[[nodiscard]] std::string environment_name(std::string_view key);

// The value of the key `aggregation.<metric>`: how publishers' gauges of that name add up.
[[nodiscard]] std::string set_aggregation(Config& config, std::string_view metric,
                                          std::string_view value);

// What --help prints; `defaults` are those of this process.
[[nodiscard]] std::string help_text(const std::vector<Option>& options, const Config& defaults);

}  // namespace weir::sidecar
