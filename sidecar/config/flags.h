// The command line as text: which flags were given, with which values. The only door to CLI11.
// Thread-safe: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sidecar/config/options.h"

namespace weir::sidecar {

struct Flags {
  bool help = false;
  bool version = false;
  bool check_config = false;
  std::string config_file;                                  // empty: not given
  std::vector<std::pair<std::string, std::string>> values;  // key of the option, value
  std::vector<std::string> errors;
};

[[nodiscard]] Flags parse_flags(const std::vector<std::string>& arguments,
                                const std::vector<Option>& options);

}  // namespace weir::sidecar
