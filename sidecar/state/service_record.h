// Starts and ends of each service as a record's content. Single-threaded: under the engine's lock.
#pragma once

#include "sidecar/publishers/service_log.h"
#include "sidecar/state/record.h"

namespace weir::sidecar {

void append_services(Bytes& out, const ServiceLog& services);
// False if the content is cut off.
[[nodiscard]] bool restore_services(ByteReader reader, ServiceLog& services);

}  // namespace weir::sidecar
