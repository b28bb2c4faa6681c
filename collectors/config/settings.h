// The configuration of weir-collector: one list of settings, and three places to state them. The
// file is read first, then the environment, then the flags; the later one wins. A value type.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/catalogue.h"
#include "collectors/options.h"
#include "collectors/setup.h"
#include "weir/nats_publisher.h"

namespace weir::collectors {

struct CollectorSettings {
  std::optional<bool> enabled;
  std::optional<std::chrono::milliseconds> interval;
  std::optional<std::chrono::milliseconds> deadline;
  Options options;  // what only this collector knows
};

struct Settings {
  NatsPublisherOptions publisher;
  Paths paths;
  std::string log_level = "info";
  std::string log_format = "text";
  std::map<std::string, CollectorSettings, std::less<>> collectors;
};

// One setting: `nats.url` in the file (nested or dotted), WEIR_NATS_URL in the environment,
// --nats.url as a flag.
struct Setting {
  std::string_view key;
  std::string_view help;
  bool flag = true;  // secrets are none: everyone can read a command line
  Status (*apply)(Settings& settings, const std::string& value) = nullptr;

  [[nodiscard]] std::string environment() const;  // nats.url: WEIR_NATS_URL
};
[[nodiscard]] std::span<const Setting> all_settings();
// Names the setting and the reason on an error.
Status apply_setting(Settings& settings, const Setting& setting, const std::string& value);

// The file. Errors begin with `file:line: `. Unknown keys and collectors are errors.
Status read_file(Settings& settings, const std::string& file, const Catalogue& catalogue);
Status read_yaml(Settings& settings, const std::string& text, const std::string& file,
                 const Catalogue& catalogue);

// The environment, as NAME=value. Unknown WEIR_ names are no errors: they come back as warnings.
Status read_environment(Settings& settings, std::span<const std::string> environment,
                        std::vector<std::string>& warnings);

// When this collector runs, and how long it may take: the settings, else the defaults.
struct Plan {
  bool enabled = true;
  std::chrono::milliseconds interval{};
  std::chrono::milliseconds deadline{};
};
[[nodiscard]] Plan plan_of(const CatalogueEntry& entry, const Settings& settings);

}  // namespace weir::collectors
