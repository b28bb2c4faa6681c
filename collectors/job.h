// One collector at work: runs its updates, judges them against the deadline, and sees to it that
// only a success in time is served. Threads and waiting are the runner's.
//
// 1. Readings reach the registry only by a run that succeeded before its deadline.
// 2. From the end of any other run, or from its deadline, none of the collector's readings are in
//    the registry.
// 3. At most one run is in progress.
// Thread-safe: run() belongs to one thread, the rest may be called from any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "collectors/collector.h"
#include "collectors/health.h"

namespace weir::collectors {

using SteadyTime = std::chrono::steady_clock::time_point;

// Passed in, so that a test decides what time it is.
struct Clock {
  std::function<SteadyTime()> now = [] { return std::chrono::steady_clock::now(); };
  std::function<double()> unix_seconds = [] {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
};

struct Schedule {
  std::chrono::milliseconds interval{5000};
  std::chrono::milliseconds deadline{5000};
};

class Job {
 public:
  struct Parts {
    std::string name;
    std::unique_ptr<Collector> collector;
    Schedule schedule;
    Paths paths;
    Options options;
    std::shared_ptr<spdlog::logger> log;
    Clock clock;
  };

  // `registry` and `health` must outlive every run that was not abandoned.
  Job(Parts parts, Registrar& registrar, const Health& health);

  // Registers the collector's metrics. `configuration_error` tells a mistake in its options from a
  // collector that can not work here. On an error the job must not be run.
  Status register_metrics(bool* configuration_error = nullptr);

  // One update, now. True when it succeeded in time.
  bool run();

  // Withdraws the readings of a run that is past its deadline. Returns when to look again.
  SteadyTime check_deadline();
  // What runs now, if anything, is of no interest any more: nothing of it will be stated.
  void abandon();

  // Past its deadline and not back.
  [[nodiscard]] bool overdue() const;
  [[nodiscard]] const std::string& name() const { return parts_.name; }
  [[nodiscard]] const Schedule& schedule() const { return parts_.schedule; }
  [[nodiscard]] const std::vector<MetricInfo>& metrics() const { return setup_.metrics(); }

 private:
  enum class State { kIdle, kRunning, kOverdue, kAbandoned };
  Status update();
  void note_failure(const std::string& reason, double seconds);

  Parts parts_;
  const Health& health_;
  ReadingsSet readings_;
  Setup setup_;

  mutable std::mutex mutex_;
  State state_ = State::kIdle;
  SteadyTime started_;
  std::string last_failure_;  // empty: the last run succeeded
};

}  // namespace weir::collectors
