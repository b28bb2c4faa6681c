// The metrics of the scripted publisher: families made on first use, recorded into as JSON commands
// say. Single-threaded: only the command loop calls this; `run` starts threads of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "weir/weir.h"

namespace weir::script {

class Metrics {
 public:
  explicit Metrics(Registry& registry) : registry_(registry) {}
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // {"op": "add" | "set" | "observe" | "remove", "type", "name", "labels": {..}, "value" or
  // "values": [..], "times": N, "threads": N, and on first use "help", "unit", "aggregation",
  // "hold_ms", "bounds", "group"}. Answers an error in words, or nothing.
  [[nodiscard]] std::string record(const nlohmann::json& command);

  // Counts up in a thread of its own until halt(), which answers the total.
  [[nodiscard]] std::string run(const nlohmann::json& command);
  std::uint64_t halt();

 private:
  using AnyFamily = std::variant<CounterFamily, DoubleCounterFamily, ExternalCounterFamily,
                                 ExternalDoubleCounterFamily, GaugeFamily, HistogramFamily>;

  struct Entry {
    AnyFamily family;
    std::vector<std::string> label_names;
  };
  std::string find_or_make(const nlohmann::json& command, Entry** entry);

  Registry& registry_;
  std::map<std::string, Entry> families_;
  std::atomic<bool> running_{false};
  std::atomic<std::uint64_t> counted_{0};
  std::thread runner_;
};

}  // namespace weir::script
