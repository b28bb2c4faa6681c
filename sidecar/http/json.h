// The JSON of /api/v1. The only door to the JSON library. Strings that are no UTF-8 come out with
// replacement characters. Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/view.h"

namespace weir::sidecar::http {

[[nodiscard]] std::string status_json(const StatusReport& status);
[[nodiscard]] std::string totals_json(const TotalsReport& totals);
[[nodiscard]] std::string publishers_json(const std::vector<PublisherInfo>& publishers,
                                          const std::vector<ServiceInfo>& services,
                                          const std::vector<RefusalInfo>& refusals);

// "2026-11-21T09:55:36.123Z"; https://www.rfc-editor.org/rfc/rfc3339
[[nodiscard]] std::string rfc3339(std::int64_t unix_ms);

}  // namespace weir::sidecar::http
