// From settings to jobs: makes the enabled collectors, and has them register their metrics.
// Single-threaded: only the main thread calls this.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors/config/settings.h"
#include "collectors/job.h"

namespace weir::collectors {

struct Assembly {
  std::vector<std::shared_ptr<Job>> jobs;    // ready to run
  std::vector<std::string> could_not_start;  // names; logged, and stated as weir_collector_up 0
  Status configuration;                      // the first mistake in a collector's options
};

// `registry` and `health` must outlive the jobs. `everything`: those that are not enabled, too.
[[nodiscard]] Assembly assemble(const Catalogue& catalogue, const Settings& settings,
                                Registrar& registry, const Health& health,
                                const std::shared_ptr<spdlog::logger>& log,
                                bool everything = false);

// For --list and --describe.
[[nodiscard]] std::string list_collectors(const Catalogue& catalogue, const Settings& settings);
[[nodiscard]] std::string describe_metrics(const Assembly& assembly);

}  // namespace weir::collectors
