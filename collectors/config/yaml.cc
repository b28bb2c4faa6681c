#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

#include "collectors/config/settings.h"
#include "collectors/config/values.h"

namespace weir::collectors {
namespace {

constexpr std::chrono::milliseconds kIntervalMin{5};
constexpr std::chrono::milliseconds kIntervalMax = std::chrono::hours(24);

int line_of(const YAML::Node& node) {
  return node.Mark().line + 1;
}

// What one pass over the document carries along, and its first mistake.
struct Reader {
  Settings& settings;
  const std::string& file;
  const Catalogue& catalogue;
  Status status{};

  void refuse(const YAML::Node& node, const std::string& reason) {
    if (status.ok()) {
      status = Status::error(fmt::format("{}:{}: {}", file, line_of(node), reason));
    }
  }

  // Calls visit(key, value, key node) for each entry; a key must stand there once.
  template <typename Visit>
  void each(const YAML::Node& map, const std::string& section, const Visit& visit) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        refuse(entry.first, fmt::format("{}: a key must be a name", section));
        return;
      }
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) {
        refuse(entry.first, fmt::format("\"{}{}\" stands here twice", section, key));
      }
      visit(key, entry.second, entry.first);
    }
  }

  void read_section(const YAML::Node& map, const std::string& section);
  void read_setting(const std::string& key, const YAML::Node& value, const YAML::Node& key_node);
  void read_collectors(const YAML::Node& map);
  void read_collector(const std::string& name, const YAML::Node& map);
  bool read_schedule(const std::string& name, const std::string& key, const YAML::Node& value);
  void read_option(const std::string& name, const std::string& key, const YAML::Node& value,
                   int line);
};

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

void Reader::read_setting(const std::string& key, const YAML::Node& value,
                          const YAML::Node& key_node) {
  std::vector<std::string> known{"collectors"};
  bool is_section = false;
  for (const Setting& setting : all_settings()) {
    if (setting.key == key) {
      if (!value.IsScalar()) {
        return refuse(key_node, fmt::format("{}: must be one value", key));
      }
      if (const Status applied = apply_setting(settings, setting, value.Scalar()); !applied.ok()) {
        refuse(value, applied.reason());
      }
      return;
    }
    is_section = is_section || begins_with(setting.key, key + ".");
    known.emplace_back(setting.key);
    // A section alone may be what was meant: `nat` is nearer to `nats` than to `nats.url`.
    if (const std::size_t dot = setting.key.find('.'); dot != std::string_view::npos) {
      known.emplace_back(setting.key.substr(0, dot));
    }
  }
  if (!is_section) {
    return refuse(key_node, fmt::format("unknown key \"{}\"{}", key, did_you_mean(key, known)));
  }
  if (value.IsMap()) {
    read_section(value, key + ".");
  } else if (!value.IsNull()) {
    refuse(key_node, fmt::format("{}: is a section, not a value", key));
  }
}

void Reader::read_section(const YAML::Node& map, const std::string& section) {
  each(map, section, [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
    if (section.empty() && key == "collectors") {
      if (value.IsMap()) {
        read_collectors(value);
      } else if (!value.IsNull()) {
        refuse(at, "collectors: must be a list of names with their options");
      }
      return;
    }
    read_setting(section + key, value, at);
  });
}

void Reader::read_collectors(const YAML::Node& map) {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : catalogue) {
    names.emplace_back(entry.name);
  }
  each(map, "collectors.",
       [&](const std::string& name, const YAML::Node& value, const YAML::Node& at) {
         if (std::find(names.begin(), names.end(), name) == names.end()) {
           return refuse(
               at, fmt::format("unknown collector \"{}\"{}", name, did_you_mean(name, names)));
         }
         settings.collectors[name].options.set_origin(file, fmt::format("collectors.{}.", name));
         if (value.IsMap()) {
           read_collector(name, value);
         } else if (value.IsScalar()) {
           read_schedule(name, "enabled", value);  // uptime: false
         } else if (!value.IsNull()) {
           refuse(at, fmt::format("collectors.{}: must be options, true or false", name));
         }
       });
}

void Reader::read_collector(const std::string& name, const YAML::Node& map) {
  each(map, fmt::format("collectors.{}.", name),
       [&](const std::string& key, const YAML::Node& value, const YAML::Node& at) {
         if (!read_schedule(name, key, value)) {
           read_option(name, key, value, line_of(at));
         }
       });
}

// False: not one of the keys that every collector has.
bool Reader::read_schedule(const std::string& name, const std::string& key,
                           const YAML::Node& value) {
  CollectorSettings& collector = settings.collectors[name];
  const std::string text = value.IsScalar() ? value.Scalar() : "";
  if (key == "enabled") {
    collector.enabled = parse_flag(text);
    if (!collector.enabled) {
      refuse(value, fmt::format("collectors.{}: \"{}\" is not true or false", name, text));
    }
    return true;
  }
  if (key != "interval" && key != "deadline") {
    return false;
  }
  const auto duration = parse_duration(text);
  if (!duration || *duration < kIntervalMin || *duration > kIntervalMax) {
    refuse(value, fmt::format("collectors.{}.{}: \"{}\" is not a duration from {} to {}", name, key,
                              text, format_duration(kIntervalMin), format_duration(kIntervalMax)));
    return true;
  }
  (key == "interval" ? collector.interval : collector.deadline) = *duration;
  return true;
}

void Reader::read_option(const std::string& name, const std::string& key, const YAML::Node& value,
                         int line) {
  std::vector<std::string> values;
  bool good = value.IsScalar() || value.IsSequence();
  if (value.IsScalar()) {
    values.push_back(value.Scalar());
  } else if (value.IsSequence()) {
    for (const YAML::Node& element : value) {
      good = good && element.IsScalar();
      values.push_back(good ? element.Scalar() : "");
    }
  }
  if (!good) {
    return refuse(value, fmt::format("collectors.{}.{}: must be a value or a list", name, key));
  }
  settings.collectors[name].options.add(key, std::move(values), line);
}

}  // namespace

Status read_yaml(Settings& settings, const std::string& text, const std::string& file,
                 const Catalogue& catalogue) {
  try {
    const YAML::Node document = YAML::Load(text);
    if (document.IsNull()) {
      return {};
    }
    if (!document.IsMap()) {
      return Status::error(fmt::format("{}: must be keys and values", file));
    }
    Reader reader{settings, file, catalogue};
    reader.read_section(document, "");
    return reader.status;
  } catch (const YAML::Exception& error) {
    return Status::error(
        fmt::format("{}:{}: not valid YAML: {}", file, error.mark.line + 1, error.msg));
  }
}

Status read_file(Settings& settings, const std::string& file, const Catalogue& catalogue) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    return Status::error(fmt::format("cannot read configuration {}: {}", file,
                                     std::generic_category().message(errno)));
  }
  return read_yaml(settings, text.str(), file, catalogue);
}

}  // namespace weir::collectors
