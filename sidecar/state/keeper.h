// The thread that writes: answers goodbyes once they are durable, makes checkpoints, and runs
// chores that end in a write. Thread-compatible: start and stop from one thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "sidecar/engine.h"

namespace weir::sidecar {

class Keeper {
 public:
  // `chore` runs in the keeper's thread about once a second.
  Keeper(Engine& engine, std::function<void()> chore);
  ~Keeper();  // stop()

  // A goodbye waits.
  void wake();
  // What waits is committed before it ends.
  void stop();

 private:
  void run();

  Engine& engine_;
  const std::function<void()> chore_;
  std::mutex mutex_;  // protects the next two
  bool woken_ = false;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace weir::sidecar
