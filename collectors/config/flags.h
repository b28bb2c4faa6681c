// The command line of weir-collector. Thread-safe: pure functions.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectors/config/settings.h"

namespace weir::collectors {

enum class Action { kRun, kOnce, kList, kDescribe, kCheckConfig };

struct Flags {
  Action action = Action::kRun;
  std::string config_file;                                     // empty: none
  std::vector<std::pair<const Setting*, std::string>> values;  // what was stated
  // There is nothing to do but to end with this code: --help, --version, or a mistake. What there
  // is to say has been printed.
  std::optional<int> exit_code;
};

[[nodiscard]] Flags parse_flags(int argc, const char* const* argv);

}  // namespace weir::collectors
