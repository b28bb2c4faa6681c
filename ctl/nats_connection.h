// A connection to NATS as weirctl makes them: once, without coming back. nats.c is seen by the
// nats_*.cc of this room alone. Thread-compatible: one thread at a time.
#pragma once

#include <chrono>
#include <string>

#include "client_lib/src/nats_handles.h"
#include "ctl/nats_probe.h"
#include "weir/status.h"

namespace weir::ctl {

// An error says which option can not be used, or why the server can not be reached.
[[nodiscard]] Result<NatsConnection> connect_nats(const NatsTarget& target,
                                                  std::chrono::milliseconds timeout);

// What nats.c says of a failure, without its source lines.
[[nodiscard]] std::string describe(natsStatus status);

}  // namespace weir::ctl
