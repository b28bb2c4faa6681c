// The part of a merge that is about histograms (merge.h says what all of it is about). Each is
// merged whole or not at all.
#pragma once

#include "sidecar/ingest/merge.h"

namespace weir::sidecar {

void merge_histograms(const wire::Frame& frame, Instance& instance, Registry& registry,
                      MergeMode mode, MergeResult& result);

}  // namespace weir::sidecar
