// The log of weir-collector: lines on standard error, as text or as one JSON object each.
// Thread-safe: any method from any thread.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace weir::collectors {

// REQUIRES: a level and a format that the settings accept.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_log(const std::string& level,
                                                       const std::string& format);

// Text inside of a JSON string.
[[nodiscard]] std::string escape_json(std::string_view text);

}  // namespace weir::collectors
