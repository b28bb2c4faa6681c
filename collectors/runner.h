// Runs jobs: each on a thread of its own and at its own interval, and one thread that watches their
// deadlines. A job that hangs keeps its thread and hurts no other. Thread-safe: any method from
// any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "collectors/job.h"

namespace weir::collectors {

class Runner {
 public:
  explicit Runner(std::vector<std::shared_ptr<Job>> jobs);
  // stop(0). What still hangs is left behind.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Begins the first update of every job at once.
  void start();
  // One update of every job, side by side; returns when each is done or past its deadline. Do not
  // mix with start(). Returns the names of those that did not succeed.
  std::vector<std::string> run_once();
  // Waits for running updates, `grace` at most. Returns the names of those that still hang: their
  // threads go on, state nothing, and keep what they need alive.
  std::vector<std::string> stop(std::chrono::milliseconds grace);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace weir::collectors
