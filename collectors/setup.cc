#include "collectors/setup.h"

#include <utility>

namespace weir::collectors {
namespace {

std::string below(const std::string& folder, std::string_view file) {
  std::string path = folder;
  path += '/';
  path += file;
  return path;
}

}  // namespace

std::string Paths::proc(std::string_view file) const {
  return below(procfs, file);
}
std::string Paths::sys(std::string_view file) const {
  return below(sysfs, file);
}

Setup::Setup(std::string collector, Registrar& registrar, ReadingsSet& readings, Paths paths,
             Options options, std::shared_ptr<spdlog::logger> log)
    : collector_(std::move(collector)),
      registrar_(registrar),
      readings_(readings),
      paths_(std::move(paths)),
      options_(std::move(options)),
      log_(std::move(log)) {}

FamilyOptions Setup::described(std::string name, std::string help, std::vector<std::string> labels,
                               const char* type) {
  metrics_.push_back({name, help, type, labels});
  FamilyOptions options;
  options.name = std::move(name);
  options.help = std::move(help);
  options.labels = std::move(labels);
  if (metrics_.back().type == "gauge") {
    // Of the one node: after a restart the new instance's stands, nothing is added up. External
    // counters are so by nature.
    options.aggregation = Aggregation::kLast;
  }
  options.group = collector_;
  return options;
}

template <typename Handle>
Readings<Handle> Setup::add(const Result<Family<Handle>>& family) {
  if (!family.ok()) {
    metrics_.pop_back();
    if (status_.ok()) {
      status_ = family.status();
    }
    return {};
  }
  const MetricInfo& metric = metrics_.back();
  log_->info("--> [registered] {} -> {} ({})", metric.name, metric.help, metric.type);
  return readings_.add(*family);
}

GaugeReadings Setup::gauge(std::string name, std::string help, std::vector<std::string> labels) {
  return add(registrar_.gauge_family(
      described(std::move(name), std::move(help), std::move(labels), "gauge")));
}

CounterReadings Setup::counter(std::string name, std::string help,
                               std::vector<std::string> labels) {
  return add(registrar_.external_counter_family(
      described(std::move(name), std::move(help), std::move(labels), "counter")));
}

DoubleCounterReadings Setup::double_counter(std::string name, std::string help,
                                            std::vector<std::string> labels) {
  return add(registrar_.external_double_counter_family(
      described(std::move(name), std::move(help), std::move(labels), "counter")));
}

}  // namespace weir::collectors
