#include "sidecar/config/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "sidecar/config/environment.h"
#include "sidecar/config/flags.h"
#include "sidecar/config/nearest.h"
#include "sidecar/config/options.h"
#include "sidecar/config/yaml_reader.h"
#include "weir/version.h"

namespace weir::sidecar {
namespace {

constexpr std::string_view kAggregationPrefix = "aggregation.";

std::string variable(const Surroundings& surroundings, std::string_view name) {
  for (const auto& [key, value] : surroundings.environment) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

Config defaults_of(const Surroundings& surroundings) {
  Config config;
  config.node = surroundings.host_name.empty() ? "localhost" : surroundings.host_name;
  if (surroundings.user_id == 0) {
    config.state_dir = "/var/lib/weir";
    config.run_dir = "/run/weir";
    return config;
  }
  // The XDG rules: relative paths there are to be ignored.
  const std::string state_home = variable(surroundings, "XDG_STATE_HOME");
  const std::string home = variable(surroundings, "HOME");
  if (state_home.starts_with('/')) {
    config.state_dir = state_home + "/weir";
  } else if (home.starts_with('/')) {
    config.state_dir = home + "/.local/state/weir";
  }
  const std::string runtime = variable(surroundings, "XDG_RUNTIME_DIR");
  config.run_dir = runtime.starts_with('/') ? runtime + "/weir"
                                            : "/tmp/weir-" + std::to_string(surroundings.user_id);
  config.cells_dir = config.run_dir + "/cells";
  return config;
}

// Empty: `text` was filled.
std::string read_file(const std::string& path, std::string& text) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) {
    return std::strerror(errno);
  }
  std::string reason;
  std::array<char, 16384> chunk{};
  while (text.size() <= kYamlBytesMax) {  // one chunk more than allowed is refused by parse_yaml
    const ssize_t got = ::read(file, chunk.data(), chunk.size());
    if (got > 0) {
      text.append(chunk.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      break;
    } else if (errno != EINTR) {
      reason = std::strerror(errno);
      break;
    }
  }
  ::close(file);
  return reason;
}

const Option* find_option(const std::vector<Option>& options, std::string_view key) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [key](const Option& option) { return option.key == key; });
  return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> known_keys(const std::vector<Option>& options) {
  std::vector<std::string> keys{"aggregation"};
  for (const Option& option : options) {
    keys.push_back(option.key);
  }
  return keys;
}

// `http:` with nothing below it.
bool is_section(const std::vector<std::string>& keys, const std::string& key) {
  return std::any_of(keys.begin(), keys.end(), [&key](const std::string& known) {
    return known == key ? key == "aggregation" : known.starts_with(key + ".");
  });
}

std::string apply_entry(Config& config, const std::vector<Option>& options,
                        const std::vector<std::string>& keys, const YamlEntry& entry) {
  if (entry.key.starts_with(kAggregationPrefix) && entry.has_value) {
    return set_aggregation(config, std::string_view(entry.key).substr(kAggregationPrefix.size()),
                           entry.value);
  }
  if (const Option* option = find_option(options, entry.key); option != nullptr) {
    return entry.has_value ? option->set(config, entry.value)
                           : "has no value (leave the key out for the default)";
  }
  if (is_section(keys, entry.key)) {
    return entry.has_value ? "is a section, not a value" : "";
  }
  return "unknown key" + did_you_mean(entry.key, keys);
}

void apply_file(ConfigResult& result, const std::vector<Option>& options) {
  const std::string& file = result.config.file;
  std::string text;
  if (const std::string reason = read_file(file, text); !reason.empty()) {
    result.errors.push_back("cannot read " + file + ": " + reason);
    return;
  }
  const YamlContents contents = parse_yaml(text);
  const std::vector<std::string> keys = known_keys(options);
  for (const YamlEntry& entry : contents.entries) {
    const bool known =
        find_option(options, entry.key) != nullptr || entry.key.starts_with(kAggregationPrefix);
    const YamlPlace& place = known && entry.has_value ? entry.value_place : entry.key_place;
    const std::string reason = apply_entry(result.config, options, keys, entry);
    if (!reason.empty()) {
      result.errors.push_back(place.in(file) + ": " + entry.key + ": " + reason);
    }
  }
  if (!contents.error.empty()) {
    result.errors.push_back(contents.error_place.in(file) + ": " + contents.error);
  }
}

void check_files(const Config& config, std::vector<std::string>& errors) {
  const std::array<std::pair<const char*, const std::string*>, 5> files{
      {{"nats.credentials", &config.nats.credentials_file},
       {"nats.nkey", &config.nats.nkey_file},
       {"nats.tls.ca", &config.nats.tls_ca_file},
       {"nats.tls.cert", &config.nats.tls_cert_file},
       {"nats.tls.key", &config.nats.tls_key_file}}};
  for (const auto& [key, file] : files) {
    if (!file->empty() && ::access(file->c_str(), R_OK) != 0) {
      errors.push_back(std::string(key) + ": cannot read " + *file + ": " + std::strerror(errno));
    }
  }
}

// What no single value shows.
void check_together(const Config& config, std::vector<std::string>& errors) {
  const NatsConfig& nats = config.nats;
  if (nats.tls_cert_file.empty() != nats.tls_key_file.empty()) {
    errors.emplace_back("nats.tls: cert and key belong together; only one of them is set");
  }
  if (nats.user.empty() && !nats.password.empty()) {
    errors.emplace_back("nats.password: is set without nats.user");
  }
  const int ways = (nats.user.empty() ? 0 : 1) + (nats.token.empty() ? 0 : 1) +
                   (nats.credentials_file.empty() ? 0 : 1) + (nats.nkey_file.empty() ? 0 : 1);
  if (ways > 1) {
    errors.emplace_back(
        "nats: more than one of user, token, credentials, nkey is set; wanted one way to log in");
  }
  const bool has_login = ways > 0 || !nats.tls_ca_file.empty() || !nats.tls_cert_file.empty();
  if (nats.embedded() && has_login) {
    errors.emplace_back(
        "nats.url: is embedded, which makes a token of its own; the nats.* login and TLS options "
        "need the URL of a server");
  }
  check_files(config, errors);
}

ConfigResult::Exit exit_of_errors(const std::vector<std::string>& errors) {
  std::string text;
  for (const std::string& error : errors) {
    text += error + "\n";
  }
  return {std::move(text), 2};
}

}  // namespace

ConfigResult load_config(const Surroundings& surroundings) {
  const std::vector<Option> options = all_options();
  ConfigResult result;
  result.config = defaults_of(surroundings);
  const Flags flags = parse_flags(surroundings.arguments, options);
  if (flags.help) {
    result.exit = ConfigResult::Exit{help_text(options, result.config), 0};
    return result;
  }
  if (flags.version) {
    result.exit = ConfigResult::Exit{"weir-sidecar " WEIR_VERSION " (" WEIR_REVISION ")\n", 0};
    return result;
  }

  const EnvironmentValues environment = read_environment(surroundings.environment, options);
  result.warnings = environment.warnings;
  result.config.file = flags.config_file.empty() ? environment.config_file : flags.config_file;
  if (!result.config.file.empty()) {
    apply_file(result, options);
  }
  for (const auto& [name, key, value] : environment.values) {
    const std::string reason = find_option(options, key)->set(result.config, value);
    if (!reason.empty()) {
      result.errors.push_back("environment variable " + name + ": " + reason);
    }
  }
  for (const auto& [key, value] : flags.values) {
    const std::string reason = find_option(options, key)->set(result.config, value);
    if (!reason.empty()) {
      result.errors.push_back("--" + key + ": " + reason);
    }
  }
  result.errors.insert(result.errors.end(), flags.errors.begin(), flags.errors.end());
  check_together(result.config, result.errors);

  if (!result.errors.empty()) {
    result.exit = exit_of_errors(result.errors);
  } else if (flags.check_config) {
    std::string text;
    for (const std::string& warning : result.warnings) {
      text += "warning: " + warning + "\n";
    }
    result.exit = ConfigResult::Exit{text + "config ok\n", 0};
  }
  return result;
}

ConfigResult load_config(int argc, const char* const* argv, const char* const* environment) {
  Surroundings surroundings;
  surroundings.arguments.assign(argv + std::min(argc, 1), argv + argc);
  for (const char* const* entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      surroundings.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  surroundings.user_id = ::geteuid();
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) {
    surroundings.host_name = name.data();
  }
  return load_config(surroundings);
}

}  // namespace weir::sidecar
