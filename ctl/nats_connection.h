// A connection to NATS as weirctl makes them: once, without coming back. nats.c is seen by the
// nats_*.cc of this room alone. Thread-compatible: one thread at a time.
#pragma once

#include <nats/nats.h>

#include <chrono>
#include <memory>
#include <string>

#include "ctl/nats_probe.h"
#include "weir/status.h"

namespace weir::ctl {

template <auto destroy>
struct Destroy {
  template <typename Handle>
  void operator()(Handle* handle) const {
    destroy(handle);
  }
};
using NatsConnection = std::unique_ptr<natsConnection, Destroy<natsConnection_Destroy>>;
using NatsSubscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;
using NatsMessage = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;

// An error says which option can not be used, or why the server can not be reached.
[[nodiscard]] Result<NatsConnection> connect_nats(const NatsTarget& target,
                                                  std::chrono::milliseconds timeout);

// What nats.c says of a failure, without its source lines.
[[nodiscard]] std::string describe(natsStatus status);

}  // namespace weir::ctl
