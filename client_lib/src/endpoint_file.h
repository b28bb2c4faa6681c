// The file in which the sidecar says where it is: JSON, one flat object with url, node, token_file,
// cells_dir and http. Thread-safe: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

struct EndpointFile {
  std::string url;
  std::string node;
  std::string token_file;
  std::string cells_dir;
  std::string http;
};

// Strict: exactly one JSON object whose members are strings, numbers, true, false or null; unknown
// members are skipped, those above must be strings. The error says what is wrong and where.
[[nodiscard]] Status parse_endpoint_file(std::string_view json, EndpointFile& endpoint);

}  // namespace weir
