// What an instance shows while it lives, and what becomes of its tables when it has ended: the
// reverse of ingest/definitions.h. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>

#include "sidecar/publishers/instance.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

// Whether the instance counts among those that show their series and stand for their families'
// definitions: a lost one does not, until it speaks again. No effect if it is so already.
void set_showing(Instance& instance, Registry& registry, bool showing, std::int64_t now_unix_ms);

// The instance has ended: it shows nothing any more; its readings go, unless the family holds them
// after a clean exit. What it counted stays in the sums, and its applied totals stay for late
// frames.
void end_shows(Instance& instance, Registry& registry, std::int64_t now_unix_ms, bool clean_exit);

// No late frame of it can live: its tables go. REQUIRES: end_shows() was called.
void drop_tables(Instance& instance, Registry& registry);

}  // namespace weir::sidecar
