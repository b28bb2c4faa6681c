// `weirctl publishers`: who publishes here, as a table. Thread-safe: a pure function.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/sidecar_api.h"

namespace weir::ctl {

// One line per instance: the living first, then by service. The node is a column of its own where
// there is more than one.
[[nodiscard]] std::string publishers_table(const PublishersReport& report,
                                           std::int64_t now_unix_ms);

}  // namespace weir::ctl
