// The ingest thread: takes messages from the queue into the engine, and lets it tick.
// Thread-compatible: start and stop from one thread.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "sidecar/engine.h"
#include "sidecar/nats/ingest_queue.h"

namespace weir::sidecar {

class IngestLoop {
 public:
  // `before_tick` runs in the ingest thread a few times a second: the place to refresh the link's
  // status.
  IngestLoop(IngestQueue& queue, Engine& engine, std::function<void()> before_tick);
  ~IngestLoop();  // stop()

  // Merges what is still queued, then ends. The queue must be closed.
  void stop();

 private:
  void run();

  IngestQueue& queue_;
  Engine& engine_;
  std::function<void()> before_tick_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace weir::sidecar
