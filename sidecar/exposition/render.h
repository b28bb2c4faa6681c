// A snapshot as text: the Prometheus text format 0.0.4 or OpenMetrics 1.0.0. The sample lines of
// both are the same bytes. Formats: https://prometheus.io/docs/instrumenting/exposition_formats/
// and https://github.com/OpenObservability/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
// Thread-safe: pure functions.
#pragma once

#include <string>

#include "sidecar/exposition/exposition.h"
#include "sidecar/exposition/snapshot.h"

namespace weir::sidecar {

struct RenderRules {
  bool created = false;  // OpenMetrics: one more series per counter and histogram, its start time
};

[[nodiscard]] std::string render(const Snapshot& snapshot, Format format,
                                 const RenderRules& rules = {});

}  // namespace weir::sidecar
