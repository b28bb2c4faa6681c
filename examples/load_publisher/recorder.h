// Makes metrics on demand and records what a command says. A name belongs to one kind and one set
// of label names, given by its first command.
// Single-threaded: only the thread that reads the commands calls this.
#pragma once

#include <weir/weir.h>

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "examples/load_publisher/command.h"
#include "examples/load_publisher/workers.h"

namespace load_publisher {

class Recorder {
 public:
  Recorder(weir::Registry& registry, Workers& workers) : registry_(registry), workers_(workers) {}

  // counter, double, external, gauge, observe, remove; anything else is not one of its verbs.
  [[nodiscard]] static bool knows(std::string_view verb);
  weir::Status record(const Command& command);

 private:
  using AnyFamily =
      std::variant<weir::CounterFamily, weir::DoubleCounterFamily, weir::ExternalCounterFamily,
                   weir::GaugeFamily, weir::HistogramFamily>;
  struct Metric {
    AnyFamily family;
    std::vector<std::string> label_names;
  };

  weir::Status make(const Command& command, Metric& metric);
  weir::Status remove(const Command& command);
  weir::Status count(weir::CounterFamily& family, const std::string& value,
                     const std::vector<std::string_view>& label_values);

  weir::Registry& registry_;
  Workers& workers_;
  std::map<std::string, Metric> metrics_;
};

}  // namespace load_publisher
