// The YAML file as a flat list of dotted keys and values with their places. The only door to
// yaml-cpp. Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sidecar {

struct YamlPlace {
  std::size_t line = 0;  // from 1; 0: unknown
  std::size_t column = 0;

  // "weir.yaml:3:5", or "weir.yaml"
  [[nodiscard]] std::string in(std::string_view file) const;
};

struct YamlEntry {
  std::string key;  // "http.listen"
  std::string value;
  YamlPlace key_place;
  YamlPlace value_place;
  bool has_value = true;  // false: `key:` with nothing behind it
};

struct YamlContents {
  std::vector<YamlEntry> entries;
  std::string error;  // in words; empty: all is well
  YamlPlace error_place;
};

// Bounds on a hostile file: larger or deeper ones are refused, and so are aliases (of which a short
// file can make a huge one).
inline constexpr std::size_t kYamlBytesMax = 1u << 20;
inline constexpr std::size_t kYamlDepthMax = 16;

[[nodiscard]] YamlContents parse_yaml(std::string_view text);

}  // namespace weir::sidecar
