// What became of abandoned cells files, for the status and the metrics. Plain data.
#pragma once

#include <cstdint>
#include <string>

namespace weir::sidecar {

struct CellsStatus {
  std::uint64_t folded = 0;
  std::uint64_t refused = 0;  // set aside
  std::string last_reason;    // of the last refusal or failure, with the file's name
};

}  // namespace weir::sidecar
