#include "tests/harness/script_metrics.h"

#include <chrono>

namespace weir::script {
namespace {

using Json = nlohmann::json;

constexpr std::pair<const char*, Aggregation> kAggregations[] = {
    {"sum", Aggregation::kSum},   {"min", Aggregation::kMin},
    {"max", Aggregation::kMax},   {"mean", Aggregation::kMean},
    {"last", Aggregation::kLast}, {"per_instance", Aggregation::kPerInstance}};

FamilyOptions options_of(const Json& command) {
  FamilyOptions options;
  options.name = command.at("name").get<std::string>();
  options.help = command.value("help", "A metric of the tests.");
  options.unit = command.value("unit", "");
  options.group = command.value("group", "");
  options.hold = std::chrono::milliseconds(command.value("hold_ms", 0));
  options.bounds = command.value("bounds", Bounds{});
  for (const auto& [name, aggregation] : kAggregations) {
    if (command.value("aggregation", "sum") == name) {
      options.aggregation = aggregation;
    }
  }
  for (const auto& [name, value] : command.value("labels", Json::object()).items()) {
    options.labels.push_back(name);
  }
  return options;
}

void apply(Counter series, const std::string& op, const Json& value) {
  if (op == "add") series.inc(value.get<std::uint64_t>());
}
void apply(DoubleCounter series, const std::string& op, const Json& value) {
  if (op == "add") series.inc(value.get<double>());
}
void apply(ExternalCounter series, const std::string& op, const Json& value) {
  if (op == "set") series.set(value.get<std::uint64_t>());
}
void apply(ExternalDoubleCounter series, const std::string& op, const Json& value) {
  if (op == "set") series.set(value.get<double>());
}
void apply(Gauge series, const std::string& op, const Json& value) {
  // JSON has no words for these.
  const double number = value == "NaN"    ? std::numeric_limits<double>::quiet_NaN()
                        : value == "+Inf" ? std::numeric_limits<double>::infinity()
                        : value == "-Inf" ? -std::numeric_limits<double>::infinity()
                                          : value.get<double>();
  if (op == "set") series.set(number);
  if (op == "add") series.add(number);
}
void apply(Histogram series, const std::string& op, const Json& value) {
  if (op == "observe") series.observe(value.get<double>());
}

}  // namespace

Metrics::~Metrics() {
  halt();
}

std::string Metrics::find_or_make(const Json& command, Entry** entry) {
  const std::string name = command.at("name").get<std::string>();
  const auto found = families_.find(name);
  if (found != families_.end()) {
    *entry = &found->second;
    return {};
  }
  FamilyOptions options = options_of(command);
  const auto keep = [&](auto result) -> std::string {
    if (!result.ok()) {
      return result.reason();
    }
    *entry = &families_.emplace(name, Entry{*result, options.labels}).first->second;
    return {};
  };
  const std::string type = command.value("type", "counter");
  if (type == "counter") return keep(registry_.counter_family(options));
  if (type == "double_counter") return keep(registry_.double_counter_family(options));
  if (type == "external_counter") return keep(registry_.external_counter_family(options));
  if (type == "external_double_counter") {
    return keep(registry_.external_double_counter_family(options));
  }
  if (type == "gauge") return keep(registry_.gauge_family(options));
  if (type == "histogram") return keep(registry_.histogram_family(options));
  return "unknown type " + type;
}

std::string Metrics::record(const Json& command) {
  Entry* entry = nullptr;
  if (std::string error = find_or_make(command, &entry); !error.empty()) {
    return error;
  }
  const Json labels = command.value("labels", Json::object());
  std::vector<std::string> values;
  for (const std::string& name : entry->label_names) {
    values.push_back(labels.value(name, ""));
  }
  const std::vector<std::string_view> views(values.begin(), values.end());
  const std::string op = command.at("op").get<std::string>();
  const Json amounts = command.contains("values") ? command["values"]
                                                  : Json::array({command.value("value", Json(1))});
  const int times = command.value("times", 1);

  std::visit(
      [&](auto& family) {
        if (op == "remove") {
          family.remove_values(views);
          return;
        }
        const auto series = family.with_values(views);
        const auto record_all = [&] {
          for (int i = 0; i < times; ++i) {
            for (const Json& amount : amounts) {
              apply(series, op, amount);
            }
          }
        };
        std::vector<std::thread> threads;
        for (int i = 1; i < command.value("threads", 1); ++i) {
          threads.emplace_back(record_all);
        }
        record_all();
        for (std::thread& thread : threads) {
          thread.join();
        }
      },
      entry->family);
  return {};
}

std::string Metrics::run(const Json& command) {
  if (runner_.joinable()) {
    return "runs already";
  }
  auto counter = registry_.counter(
      {.name = command.at("name").get<std::string>(), .help = "Counted by a thread of its own."});
  if (!counter.ok()) {
    return counter.reason();
  }
  counted_ = 0;
  running_ = true;
  runner_ = std::thread([this, series = *counter]() mutable {
    while (running_) {
      for (int i = 0; i < 7; ++i) {
        series.inc();
      }
      counted_ += 7;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  return {};
}

std::uint64_t Metrics::halt() {
  running_ = false;
  if (runner_.joinable()) {
    runner_.join();
  }
  return counted_;
}

}  // namespace weir::script
