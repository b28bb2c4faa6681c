// How the collectors fare, as metrics: weir_collector_*{collector}, and node_scrape_collector_*
// as node_exporter's dashboards and alerts know them. Thread-safe: any method from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "collectors/setup.h"
#include "weir/registry.h"

namespace weir::collectors {

class Health {
 public:
  Status register_in(Registrar& registrar);

  // The collector exists; nothing is known of it yet.
  void announce(std::string_view collector) const;
  void succeeded(std::string_view collector, double seconds, double unix_seconds) const;
  void failed(std::string_view collector, double seconds) const;

  // What register_in() registers, for --describe.
  [[nodiscard]] static std::vector<MetricInfo> metrics();

 private:
  void ran(std::string_view collector, double seconds, bool ok) const;

  GaugeFamily up_;
  GaugeFamily duration_seconds_;
  CounterFamily errors_;
  GaugeFamily last_success_;
  GaugeFamily scrape_success_;
  GaugeFamily scrape_duration_;
};

}  // namespace weir::collectors
