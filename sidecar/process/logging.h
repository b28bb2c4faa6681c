// How the sidecar logs: one line per event on standard error, as text or as JSON.
#pragma once

#include <string>

#include "sidecar/config/config.h"

namespace weir::sidecar {

// Sets spdlog's default logger. `level`: trace, debug, info, warn, error.
void set_up_logging(const std::string& level, LogFormat format);

}  // namespace weir::sidecar
