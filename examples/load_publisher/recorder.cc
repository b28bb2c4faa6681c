#include "examples/load_publisher/recorder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "examples/load_publisher/definition.h"

namespace load_publisher {
namespace {

using weir::Result;
using weir::Status;

constexpr std::array<std::string_view, 6> kVerbs{"counter", "double",  "external",
                                                 "gauge",   "observe", "remove"};

template <typename Family, typename AnyFamily>
Status keep(Result<Family> result, AnyFamily& family) {
  if (result.ok()) {
    family = *result;
  }
  return result.status();
}

std::vector<std::string> names_of(const Command& command) {
  std::vector<std::string> names;
  for (const auto& [name, value] : command.labels) {
    names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> values_of(const Command& command) {
  std::vector<std::string_view> values;
  for (const auto& [name, value] : command.labels) {
    values.emplace_back(value);
  }
  return values;
}

template <typename Number, typename Use>
Status with_number(const std::string& text, Use use) {
  Number number{};
  Status status = parse_number(text, number);
  if (status.ok()) {
    use(number);
  }
  return status;
}

}  // namespace

bool Recorder::knows(std::string_view verb) {
  return std::find(kVerbs.begin(), kVerbs.end(), verb) != kVerbs.end();
}

Status Recorder::make(const Command& command, Metric& metric) {
  weir::FamilyOptions options;
  options.name = command.words.front();
  options.help = "Made by load_publisher.";
  options.labels = names_of(command);
  if (command.verb == "observe") {
    options.bounds = {0.01, 0.1, 1, 10};
  }
  if (Status status = define(command, options); !status.ok()) {
    return status;
  }
  metric.label_names = options.labels;
  if (command.verb == "counter") {
    return keep(registry_.counter_family(options), metric.family);
  }
  if (command.verb == "double") {
    return keep(registry_.double_counter_family(options), metric.family);
  }
  if (command.verb == "external") {
    return keep(registry_.external_counter_family(options), metric.family);
  }
  if (command.verb == "gauge") {
    return keep(registry_.gauge_family(options), metric.family);
  }
  return keep(registry_.histogram_family(options), metric.family);
}

Status Recorder::remove(const Command& command) {
  if (command.words.size() != 1) {
    return Status::error("remove: needs NAME");
  }
  const auto found = metrics_.find(command.words.front());
  if (found == metrics_.end()) {
    return Status::error("remove: no metric " + command.words.front());
  }
  if (found->second.label_names != names_of(command)) {
    return Status::error("remove: other label names than " + command.words.front() + " has");
  }
  const std::vector<std::string_view> values = values_of(command);
  std::visit([&values](auto& family) { family.remove_values(values); }, found->second.family);
  return {};
}

// Split over the threads, the remainder to the first.
Status Recorder::count(weir::CounterFamily& family, const std::string& value,
                       const std::vector<std::string_view>& label_values) {
  return with_number<std::uint64_t>(value, [&](std::uint64_t total) {
    const std::uint64_t share = total / workers_.count();
    const std::uint64_t rest = total % workers_.count();
    const weir::Counter counter = family.with_values(label_values);
    workers_.run([&](std::size_t number) {
      weir::Counter own = counter;
      own.inc(number == 0 ? share + rest : share);
    });
  });
}

Status Recorder::record(const Command& command) {
  if (command.verb == "remove") {
    return remove(command);
  }
  if (command.words.size() != 2) {
    return Status::error(command.verb + ": needs NAME and VALUE");
  }
  const std::string& name = command.words[0];
  const std::string& value = command.words[1];
  auto found = metrics_.find(name);
  if (found == metrics_.end()) {
    Metric metric;
    if (Status status = make(command, metric); !status.ok()) {
      return status;
    }
    found = metrics_.emplace(name, std::move(metric)).first;
  }
  if (found->second.label_names != names_of(command)) {
    return Status::error(command.verb + ": other label names than " + name + " has");
  }
  const std::vector<std::string_view> values = values_of(command);
  AnyFamily& family = found->second.family;
  if (command.verb == "counter" && std::holds_alternative<weir::CounterFamily>(family)) {
    return count(std::get<weir::CounterFamily>(family), value, values);
  }
  if (auto* doubles = std::get_if<weir::DoubleCounterFamily>(&family);
      command.verb == "double" && doubles != nullptr) {
    return with_number<double>(value, [&](double n) { doubles->with_values(values).inc(n); });
  }
  if (auto* externals = std::get_if<weir::ExternalCounterFamily>(&family);
      command.verb == "external" && externals != nullptr) {
    return with_number<std::uint64_t>(
        value, [&](std::uint64_t n) { externals->with_values(values).set(n); });
  }
  if (auto* gauges = std::get_if<weir::GaugeFamily>(&family);
      command.verb == "gauge" && gauges != nullptr) {
    return with_number<double>(value, [&](double n) { gauges->with_values(values).set(n); });
  }
  if (auto* histograms = std::get_if<weir::HistogramFamily>(&family);
      command.verb == "observe" && histograms != nullptr) {
    return with_number<double>(value,
                               [&](double n) { histograms->with_values(values).observe(n); });
  }
  return Status::error(command.verb + ": " + name + " is of another kind");
}

}  // namespace load_publisher
