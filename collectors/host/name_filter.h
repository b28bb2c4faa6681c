// Which devices, mount points or file systems are left out: a regular expression as node_exporter
// takes it. A name is matched once and remembered, so updates cost a look-up. Single-threaded: one
// object belongs to one thread.
#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collectors/setup.h"

namespace weir::collectors {

class NameFilter {
 public:
  // Takes the option `key`, else `fallback`; an expression that does not parse is refused there.
  void configure(Options& options, std::string_view key, std::string_view fallback);

  [[nodiscard]] bool excludes(std::string_view name);

 private:
  std::regex expression_;
  bool empty_ = true;  // excludes nothing
  std::unordered_map<std::string, bool> known_;
  std::string scratch_;
};

}  // namespace weir::collectors
