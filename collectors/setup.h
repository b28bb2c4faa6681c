// What a collector is given to set itself up: it registers metrics here, and finds its options, the
// folders to read and the log. It lives as long as the collector, so metrics that become known only
// later may be registered during an update. Single-threaded: only the thread that runs the
// collector calls this.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string>
#include <vector>

#include "collectors/options.h"
#include "collectors/readings.h"
#include "weir/registry.h"

namespace weir::collectors {

// Everything is read below these folders: a container mounts the node's there, tests a fake tree.
struct Paths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";

  [[nodiscard]] std::string proc(std::string_view file) const;  // proc("stat"): /proc/stat
  [[nodiscard]] std::string sys(std::string_view file) const;
};

struct MetricInfo {
  std::string name;
  std::string help;
  std::string type;  // counter, gauge
  std::vector<std::string> labels;
};

class Setup {
 public:
  Setup(std::string collector, Registrar& registrar, ReadingsSet& readings, Paths paths,
        Options options, std::shared_ptr<spdlog::logger> log);

  // A reading that goes up and down. On a bad or taken name the readings go nowhere, and the
  // collector is not started (status()).
  GaugeReadings gauge(std::string name, std::string help, std::vector<std::string> labels = {});
  // A total that the kernel or the device keeps; the name ends in _total.
  CounterReadings counter(std::string name, std::string help, std::vector<std::string> labels = {});
  DoubleCounterReadings double_counter(std::string name, std::string help,
                                       std::vector<std::string> labels = {});

  [[nodiscard]] Options& options() { return options_; }
  [[nodiscard]] const Paths& paths() const { return paths_; }
  [[nodiscard]] spdlog::logger& log() { return *log_; }
  // For what the collector itself counts: it stays while readings are withdrawn.
  [[nodiscard]] Registrar& registrar() { return registrar_; }

  // The first metric that could not be registered.
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const std::vector<MetricInfo>& metrics() const { return metrics_; }

 private:
  FamilyOptions described(std::string name, std::string help, std::vector<std::string> labels,
                          const char* type);
  template <typename Handle>
  Readings<Handle> add(const Result<Family<Handle>>& family);

  std::string collector_;
  Registrar& registrar_;
  ReadingsSet& readings_;
  Paths paths_;
  Options options_;
  std::shared_ptr<spdlog::logger> log_;
  Status status_;
  std::vector<MetricInfo> metrics_;
};

}  // namespace weir::collectors
