// load_publisher: publishes what it is told. Reads commands from standard input, one a line, and
// answers each with one line of JSON; the integration tests drive it, and so can a person:
//   counter NAME N [label=value...]     also: double, external, gauge, observe
//   remove NAME [label=value...]
//   flush | status | text | stop
//   again         ends the publisher, and makes a further one of the same registry
//   exit [CODE]   leaves as programs do, with a goodbye; so does the end of the input
//   abort         dies as programs do
#include <weir/weir.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "examples/load_publisher/command.h"
#include "examples/load_publisher/definition.h"
#include "examples/load_publisher/recorder.h"
#include "examples/load_publisher/workers.h"

namespace {

using load_publisher::Command;
using nlohmann::json;

struct Options {
  weir::NatsPublisherOptions publisher;
  double flush_interval_ms = 0;
  double heartbeat_interval_ms = 0;
  double goodbye_timeout_ms = 0;
  std::size_t threads = 1;
};

void answer(const json& reply) {
  std::cout << reply.dump() << std::endl;
}

json to_json(const weir::Status& status) {
  return status.ok() ? json{{"ok", true}} : json{{"ok", false}, {"error", status.reason()}};
}

json to_json(const weir::PublisherStatus& status, const weir::RegistryStats& stats) {
  return {{"ok", true},
          {"state", weir::state_name(status.state)},
          {"reason", status.reason},
          {"url", status.url},
          {"node", status.node},
          {"service", status.service},
          {"instance", status.instance},
          {"frames_sent", status.frames_sent},
          {"bytes_sent", status.bytes_sent},
          {"keyframes_sent", status.keyframes_sent},
          {"reconnects", status.reconnects},
          {"goodbye_acknowledged", status.goodbye_acknowledged},
          {"goodbye_durable", status.goodbye_durable},
          {"undelivered_increments", status.undelivered_increments},
          {"series", stats.series},
          {"refused_series", stats.refused_series},
          {"last_refusal", stats.last_refusal}};
}

// One command that is not about a single metric.
json control(const Command& command, const Options& options, weir::Registry& registry,
             std::unique_ptr<weir::NatsPublisher>& publisher) {
  if (command.verb == "flush") {
    publisher->flush();
    return {{"ok", true}};
  }
  if (command.verb == "status") {
    return to_json(publisher->status(), registry.stats());
  }
  if (command.verb == "text") {
    return {{"ok", true}, {"text", registry.text()}};
  }
  if (command.verb == "stop") {
    publisher->stop();
    return to_json(publisher->status(), registry.stats());
  }
  if (command.verb == "again") {
    publisher.reset();
    publisher = std::make_unique<weir::NatsPublisher>(registry, options.publisher);
    return {{"ok", true}};
  }
  return {{"ok", false}, {"error", "no command \"" + command.verb + "\""}};
}

// The exit code.
int serve(const Options& options) {
  weir::Registry registry;
  load_publisher::Workers workers(options.threads);
  load_publisher::Recorder recorder(registry, workers);
  auto publisher = std::make_unique<weir::NatsPublisher>(registry, options.publisher);

  for (std::string line; std::getline(std::cin, line);) {
    const Command command = load_publisher::parse(line);
    if (command.verb.empty()) {
      continue;
    }
    if (command.verb == "abort") {
      std::abort();
    }
    if (command.verb == "exit") {
      answer({{"ok", true}});
      return command.words.empty() ? 0 : std::atoi(command.words.front().c_str());
    }
    answer(load_publisher::Recorder::knows(command.verb)
               ? to_json(recorder.record(command))
               : control(command, options, registry, publisher));
  }
  return 0;
}

std::chrono::milliseconds milliseconds(double count) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(count));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  weir::NatsPublisherOptions& publisher = options.publisher;
  const CLI::AsNumberWithUnit duration(
      std::map<std::string, double>{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}});
  CLI::App app("Publishes what it is told on standard input.", "load_publisher");
  app.add_option("--url", publisher.url, "NATS URL");
  app.add_option("--service", publisher.service, "the name to publish under");
  app.add_option("--node", publisher.node, "the node to publish for");
  app.add_option("--flush-interval", options.flush_interval_ms, "e.g. 50ms")->transform(duration);
  app.add_option("--heartbeat-interval", options.heartbeat_interval_ms, "e.g. 1s")
      ->transform(duration);
  app.add_option("--goodbye-timeout", options.goodbye_timeout_ms, "e.g. 2s")->transform(duration);
  app.add_option("--threads", options.threads, "counts are spread over so many threads")
      ->check(CLI::Range(1, 256));
  app.add_flag("!--no-service-label", publisher.service_label, "series of the node itself");
  app.set_version_flag("--version", std::string("load_publisher ") + WEIR_VERSION);
  CLI11_PARSE(app, argc, argv);
  publisher.flush_interval = milliseconds(options.flush_interval_ms);
  publisher.heartbeat_interval = milliseconds(options.heartbeat_interval_ms);
  publisher.goodbye_timeout = milliseconds(options.goodbye_timeout_ms);
  return serve(options);
}
