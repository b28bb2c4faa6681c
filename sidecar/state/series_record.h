// What is kept of a single series without an instance: a gauge that is held after its publisher
// exited, the total at which a series restarted openly. Both as a record with a frame of one
// series. And which of an instance's series no scrape has shown yet. Single-threaded: under the
// engine's lock.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/codec.h"
#include "sidecar/publishers/instance.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/record.h"

namespace weir::sidecar {

void append_held(Bytes& out, const Registry& registry, const Reading& reading,
                 wire::Encoder& encoder);
void append_offset(Bytes& out, const Registry& registry, std::uint32_t series, const Offset& offset,
                   wire::Encoder& encoder);
// Those of the local ids [from, end).
void append_unshown(Bytes& out, const Registry& registry, const Instance& instance,
                    std::uint32_t from, std::uint32_t end);

// Why not, in words; empty: it was taken up.
[[nodiscard]] std::string restore_held(const wire::Frame& frame, std::int64_t until_unix_ms,
                                       Registry& registry);
[[nodiscard]] std::string restore_offset(const wire::Frame& frame, Registry& registry);

}  // namespace weir::sidecar
