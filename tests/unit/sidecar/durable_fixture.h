// The sidecar's core over a state directory in memory, through more than one life.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "core_fixture.h"
#include "memory_storage.h"

namespace weir::sidecar {

class DurableTest : public ::testing::Test, public CoreFixture {
 protected:
  DurableTest() {
    options.durable.node = "node-1";
    options.durable.boot_id = "boot-1";
  }
  // The next life of the sidecar. `clean`: it was told to stop.
  Recovery restart(bool clean = false) {
    if (engine_ != nullptr && clean) {
      engine_->leave();
    }
    engine_.reset();
    control.sent.clear();
    engine_ = std::make_unique<Engine>(
        options, control, [this] { return now; },
        [this](std::uint32_t pid, std::uint64_t, std::int64_t) { return !dead[pid]; }, 1, &storage);
    if (watches_cells) {
      engine_->watch_cells();
    }
    const Recovery recovery = engine_->recover();
    LinkStatus link;
    link.connected = true;
    engine_->set_link(link);
    return recovery;
  }
  void lose_power() {
    engine_.reset();
    storage.lose_power();
    options.durable.boot_id += "'";
  }
  [[nodiscard]] bool ready() { return engine().status().recovered; }
  [[nodiscard]] std::uint64_t acks() { return control.count(wire::Kind::kAck); }

  bool watches_cells = false;
  MemoryStorage storage;
};

}  // namespace weir::sidecar
