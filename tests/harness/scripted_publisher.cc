// A publisher that does what it is told: one JSON command per line on the standard input, one JSON
// answer per line on the standard output. The tests' way to know exactly what was recorded.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/harness/script_metrics.h"
#include "weir/weir.h"

namespace {

using Json = nlohmann::json;

weir::NatsPublisherOptions publisher_options(const Json& command) {
  using std::chrono::milliseconds;
  weir::NatsPublisherOptions options;
  options.url = command.value("url", "");
  options.service = command.value("service", "");
  options.node = command.value("node", "");
  options.flush_interval = milliseconds(command.value("flush_interval_ms", 0));
  options.heartbeat_interval = milliseconds(command.value("heartbeat_interval_ms", 0));
  options.goodbye_timeout = milliseconds(command.value("goodbye_timeout_ms", 0));
  options.subject_prefix = command.value("subject_prefix", "");
  options.service_label = command.value("service_label", true);
  options.user = command.value("user", "");
  options.password = command.value("password", "");
  options.token = command.value("token", "");
  options.credentials_file = command.value("credentials_file", "");
  options.nkey_seed_file = command.value("nkey_seed_file", "");
  options.tls_ca_file = command.value("tls_ca_file", "");
  options.tls_cert_file = command.value("tls_cert_file", "");
  options.tls_key_file = command.value("tls_key_file", "");
  return options;
}

weir::RegistryOptions registry_options(const Json& command) {
  weir::RegistryOptions options;
  for (const auto& [name, value] : command.value("constant_labels", Json::object()).items()) {
    options.constant_labels.emplace_back(name, value.get<std::string>());
  }
  return options;
}

Json status_of(const weir::PublisherStatus& status) {
  return {{"state", weir::state_name(status.state)},
          {"reason", status.reason},
          {"url", status.url},
          {"node", status.node},
          {"service", status.service},
          {"instance", status.instance},
          {"frames_sent", status.frames_sent},
          {"keyframes_sent", status.keyframes_sent},
          {"reconnects", status.reconnects},
          {"goodbye_acknowledged", status.goodbye_acknowledged}};
}

// Everything that lives between "start" and the end of the program, in the order of construction.
struct Program {
  explicit Program(const Json& command) : registry(registry_options(command)), metrics(registry) {}

  weir::Registry registry;
  weir::script::Metrics metrics;
  std::unique_ptr<weir::NatsPublisher> publisher;
};

Json answer(std::unique_ptr<Program>& program, const Json& command) {
  const std::string op = command.at("op").get<std::string>();
  if (op == "start") {
    program = std::make_unique<Program>(command);
    program->publisher =
        std::make_unique<weir::NatsPublisher>(program->registry, publisher_options(command));
    return status_of(program->publisher->status());
  }
  if (op == "status") return status_of(program->publisher->status());
  if (op == "text") return {{"text", program->registry.text()}};
  if (op == "flush") {
    program->publisher->flush();
    return Json::object();
  }
  if (op == "stop") {
    program->publisher->stop();
    return status_of(program->publisher->status());
  }
  if (op == "halt") return {{"total", program->metrics.halt()}};
  const std::string error =
      op == "run" ? program->metrics.run(command) : program->metrics.record(command);
  return error.empty() ? Json::object() : Json{{"error", error}};
}

}  // namespace

int main() {
  std::unique_ptr<Program> program;
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json command = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (command.is_discarded()) {
      std::cout << R"({"error":"not JSON"})" << std::endl;
      continue;
    }
    if (command.value("op", "") == "abort") {
      std::abort();
    }
    try {
      std::cout << answer(program, command).dump() << std::endl;
    } catch (const std::exception& error) {
      std::cout << Json{{"error", error.what()}}.dump() << std::endl;
    }
  }
  return 0;  // destructors say goodbye
}
