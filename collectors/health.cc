#include "collectors/health.h"

#include <cstddef>
#include <utility>

namespace weir::collectors {
namespace {

enum Metric : std::size_t {
  kUp,
  kDuration,
  kErrors,
  kLastSuccess,
  kScrapeSuccess,
  kScrapeDuration
};

FamilyOptions options_of(const MetricInfo& metric) {
  FamilyOptions options;
  options.name = metric.name;
  options.help = metric.help;
  options.labels = metric.labels;
  if (metric.type == "gauge") {
    options.aggregation = Aggregation::kLast;
  }
  return options;
}

}  // namespace

std::vector<MetricInfo> Health::metrics() {
  return {
      {"weir_collector_up",
       "Whether the collector's last update succeeded in time.",
       "gauge",
       {"collector"}},
      {"weir_collector_duration_seconds",
       "How long the collector's last update took.",
       "gauge",
       {"collector"}},
      {"weir_collector_errors_total",
       "Updates that failed, threw, came late or hung.",
       "counter",
       {"collector"}},
      {"weir_collector_last_success_timestamp_seconds",
       "When the collector's last successful update ended, in Unix time.",
       "gauge",
       {"collector"}},
      {"node_scrape_collector_success", "Whether a collector succeeded.", "gauge", {"collector"}},
      {"node_scrape_collector_duration_seconds",
       "Duration of a collector scrape.",
       "gauge",
       {"collector"}},
  };
}

Status Health::register_in(Registrar& registrar) {
  const std::vector<MetricInfo> all = metrics();
  return Registration(registrar)
      .add(up_, options_of(all[kUp]))
      .add(duration_seconds_, options_of(all[kDuration]))
      .add(errors_, options_of(all[kErrors]))
      .add(last_success_, options_of(all[kLastSuccess]))
      .add(scrape_success_, options_of(all[kScrapeSuccess]))
      .add(scrape_duration_, options_of(all[kScrapeDuration]))
      .status();
}

void Health::announce(std::string_view collector) const {
  errors_.with(collector).inc(0);
}

void Health::ran(std::string_view collector, double seconds, bool ok) const {
  up_.with(collector).set(ok ? 1 : 0);
  scrape_success_.with(collector).set(ok ? 1 : 0);
  duration_seconds_.with(collector).set(seconds);
  scrape_duration_.with(collector).set(seconds);
}

void Health::succeeded(std::string_view collector, double seconds, double unix_seconds) const {
  ran(collector, seconds, true);
  last_success_.with(collector).set(unix_seconds);
}

void Health::failed(std::string_view collector, double seconds) const {
  ran(collector, seconds, false);
  errors_.with(collector).inc();
}

}  // namespace weir::collectors
