// bench_drop: the subscriber that row 7 is compared with. It drops what it receives, and answers
// what asks for an answer, with the same library and the same options as the sidecar. Commands on
// standard input, answers in JSON:
//   status   messages and bytes so far
//   exit
#include <CLI/CLI.hpp>
#include <atomic>
#include <memory>
#include <stdexcept>

#include "bench/support/command_loop.h"
#include "client_lib/src/nats_handles.h"
#include "schemas/subjects.h"

namespace {

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) {
    throw std::runtime_error(std::string("cannot ") + what + ": " + natsStatus_GetText(status));
  }
}

struct Dropped {
  std::atomic<std::uint64_t> messages = 0;
  std::atomic<std::uint64_t> bytes = 0;
};

void drop(natsConnection* connection, natsSubscription*, natsMsg* message, void* closure) {
  auto& dropped = *static_cast<Dropped*>(closure);
  dropped.messages.fetch_add(1, std::memory_order_relaxed);
  dropped.bytes.fetch_add(static_cast<std::uint64_t>(natsMsg_GetDataLength(message)),
                          std::memory_order_relaxed);
  if (natsMsg_GetReply(message) != nullptr) {
    natsConnection_PublishString(connection, natsMsg_GetReply(message), "");
  }
  natsMsg_Destroy(message);
}

void serve(std::uint16_t port, const std::string& node) {
  natsOptions* raw_options = nullptr;
  check(natsOptions_Create(&raw_options), "make options");
  const weir::NatsOptions options(raw_options);
  check(natsOptions_SetURL(raw_options, ("nats://127.0.0.1:" + std::to_string(port)).c_str()),
        "set the address");
  check(natsOptions_SetSendAsap(raw_options, true), "set an option");
  natsConnection* raw_connection = nullptr;
  check(natsConnection_Connect(&raw_connection, raw_options), "connect");
  Dropped dropped;
  weir::NatsConnection connection(raw_connection);
  natsSubscription* subscription = nullptr;
  check(connection.subscribe(&subscription, weir::wire::Subjects{}.publish_of_node(node).c_str(),
                             drop, &dropped),
        "subscribe");
  check(natsSubscription_SetPendingLimits(subscription, -1, -1), "set the limits");
  check(natsConnection_Flush(raw_connection), "flush");
  weir::bench::obey_commands([&](const std::string& verb, std::istringstream&) -> nlohmann::json {
    if (verb != "status") {
      throw std::runtime_error("no command \"" + verb + "\"");
    }
    return {{"messages", dropped.messages.load()}, {"bytes", dropped.bytes.load()}};
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 4222;
  std::string node = "drop-node";
  CLI::App app("Receives frames and drops them.", "bench_drop");
  app.add_option("--port", port, "of the NATS server on the loopback")->required();
  app.add_option("--node", node, "whose frames");
  CLI11_PARSE(app, argc, argv);
  try {
    serve(port, node);
  } catch (const std::exception& error) {
    std::cerr << "bench_drop: " << error.what() << '\n';
    return 1;
  }
  nats_Close();
  return 0;
}
