// The part of a merge that is about counters in integers (merge.h says what all of it is about).
#pragma once

#include "sidecar/ingest/merge.h"

namespace weir::sidecar {

void merge_counters(const wire::Frame& frame, Instance& instance, Registry& registry,
                    MergeResult& result);

}  // namespace weir::sidecar
