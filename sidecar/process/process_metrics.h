// The usual process_* metrics of this process, read from /proc before each export.
// https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
// Thread-compatible: update() from one thread at a time.
#pragma once

#include "sidecar/process/process_stats.h"
#include "weir/registry.h"

namespace weir::sidecar {

class ProcessMetrics {
 public:
  // Registers in `registry` and updates with each export. The registry must not outlive this.
  [[nodiscard]] Status register_in(weir::Registry& registry);
  void update() { set(read_process_stats()); }
  void set(const std::optional<ProcessStats>& stats);

 private:
  const double boot_unix_seconds_ = read_boot_unix_seconds();
  ExternalDoubleCounter cpu_seconds_;
  Gauge resident_bytes_;
  Gauge virtual_bytes_;
  Gauge open_fds_;
  Gauge max_fds_;
  Gauge start_seconds_;
  Gauge threads_;
};

}  // namespace weir::sidecar
