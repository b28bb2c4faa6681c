#include "sidecar/process/process_metrics.h"

namespace weir::sidecar {
namespace {

// Of one process there is one reading: a new life of it replaces the old one's.
FamilyOptions reading(std::string name, std::string help) {
  FamilyOptions options;
  options.name = std::move(name);
  options.help = std::move(help);
  options.aggregation = Aggregation::kLast;
  options.group = "process";
  return options;
}

}  // namespace

Status ProcessMetrics::register_in(weir::Registry& registry) {
  Status status =
      Registration(registry)
          .add(cpu_seconds_, {.name = "process_cpu_seconds_total",
                              .help = "Total user and system CPU time spent in seconds.",
                              .group = "process"})
          .add(resident_bytes_,
               reading("process_resident_memory_bytes", "Resident memory size in bytes."))
          .add(virtual_bytes_,
               reading("process_virtual_memory_bytes", "Virtual memory size in bytes."))
          .add(open_fds_, reading("process_open_fds", "Number of open file descriptors."))
          .add(max_fds_, reading("process_max_fds", "Maximum number of open file descriptors."))
          .add(start_seconds_, reading("process_start_time_seconds",
                                       "Start time of the process since unix epoch in seconds."))
          .add(threads_, reading("process_threads", "Number of threads of the process."))
          .status();
  if (status.ok()) {
    update();
    registry.on_export([this] { update(); });
  }
  return status;
}

void ProcessMetrics::set(const std::optional<ProcessStats>& stats) {
  if (!stats) {
    return;
  }
  cpu_seconds_.set(stats->cpu_seconds);
  resident_bytes_.set(static_cast<double>(stats->resident_bytes));
  virtual_bytes_.set(static_cast<double>(stats->virtual_bytes));
  open_fds_.set(static_cast<double>(stats->open_fds));
  max_fds_.set(static_cast<double>(stats->max_fds));
  start_seconds_.set(boot_unix_seconds_ + stats->start_boot_seconds);
  threads_.set(static_cast<double>(stats->threads));
}

}  // namespace weir::sidecar
