// What happened, in lines for a person: written only when somebody wants to read it.
// Single-threaded.
#pragma once

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace weir::simulation {

class Trace {
 public:
  void enable() { enabled_ = true; }
  [[nodiscard]] bool enabled() const { return enabled_; }

  template <typename... Parts>
  void say(const Parts&... parts) {
    if (enabled_) [[unlikely]] {
      std::ostringstream line;
      (line << ... << parts);
      lines_.push_back(line.str());
    }
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  bool enabled_ = false;
  std::vector<std::string> lines_;
};

}  // namespace weir::simulation
