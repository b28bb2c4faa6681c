// `weirctl push`: the values of a script, published once under a service's name.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ctl/metrics_text.h"
#include "weir/registry.h"
#include "weir/status.h"

namespace weir::ctl {

struct PushOptions {
  std::string service;
  std::chrono::milliseconds hold{0};  // how long the values stay after this process
  std::string help;
  PushType type = PushType::kGauge;
  std::vector<std::string> words;  // NAME VALUE [label=value...]; empty: the text on standard input
};

// NAME VALUE [label=value...] as the one sample that it says.
[[nodiscard]] Result<std::vector<PushFamily>> parse_push_words(const PushOptions& options);

// Registers the families and sets their values. An error names the line (0: there is none) and the
// reason.
[[nodiscard]] Status fill_registry(const std::vector<PushFamily>& families,
                                   std::chrono::milliseconds hold, Registry& registry);

}  // namespace weir::ctl
