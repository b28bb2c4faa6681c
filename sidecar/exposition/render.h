// A snapshot as text: the Prometheus text format 0.0.4 or OpenMetrics 1.0.0. The sample lines of
// both are the same bytes. Formats: https://prometheus.io/docs/instrumenting/exposition_formats/
// and https://github.com/OpenObservability/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sidecar/exposition/exposition.h"
#include "sidecar/exposition/snapshot.h"
#include "sidecar/exposition/text_buffer.h"

namespace weir::sidecar {

struct RenderRules {
  bool created = false;  // OpenMetrics: one more series per counter and histogram, its start time
};

// A page is the pieces of each family one after the other: its metadata, then its blocks.
void append_metadata(TextBuffer& out, const Snapshot::Family& family, Format format);
// `created`: with the start times, see has_created().
void append_block(TextBuffer& out, const Snapshot& snapshot, const Snapshot::Family& family,
                  const Snapshot::Block& block, bool created);
[[nodiscard]] bool has_created(const Snapshot::Family& family, Format format,
                               const RenderRules& rules);
[[nodiscard]] std::string_view end_of_page(Format format);

// A number for all that append_block() reads: two blocks of one number have the same text.
[[nodiscard]] std::uint64_t digest_of(const Snapshot& snapshot, const Snapshot::Block& block,
                                      bool created);
// About as long as the text.
[[nodiscard]] std::size_t estimate_bytes(const Snapshot& snapshot, const Snapshot::Family& family,
                                         const Snapshot::Block& block);

}  // namespace weir::sidecar
