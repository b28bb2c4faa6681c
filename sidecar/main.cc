// weir-sidecar: wires configuration, broker, engine and HTTP together, and takes them down in
// order.

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "schemas/subjects.h"
#include "sidecar/cells/cells_chore.h"
#include "sidecar/config/config.h"
#include "sidecar/engine.h"
#include "sidecar/http/routes.h"
#include "sidecar/http/server.h"
#include "sidecar/nats/embedded_binary.h"
#include "sidecar/nats/embedded_server.h"
#include "sidecar/nats/endpoint_file.h"
#include "sidecar/nats/ingest_loop.h"
#include "sidecar/nats/nats_link.h"
#include "sidecar/process/allocator.h"
#include "sidecar/process/logging.h"
#include "sidecar/process/process_metrics.h"
#include "sidecar/process/steady_unix_clock.h"
#include "sidecar/state/keeper.h"
#include "sidecar/state/posix_storage.h"
#include "weir/version.h"

namespace weir::sidecar {
namespace {

constexpr int kExitFailure = 1;

int fail(const std::string& reason) {
  spdlog::error("{}", reason);
  return kExitFailure;
}

void log_broker(EmbeddedLog level, std::string_view line) {
  constexpr std::array kLevels = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                  spdlog::level::err};
  spdlog::log(kLevels[static_cast<std::size_t>(level)], "nats-server: {}", line);
}

// Of the machine's life: a file that was written in this one is as it was left, synced or not.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

void log_recovery(const Recovery& recovery, const std::string& folder) {
  for (const std::string& note : recovery.notes) {
    spdlog::warn("{}/{}", folder, note);
  }
  if (recovery.found) {
    spdlog::info("{}: {} publishers restored{}", folder, recovery.instances,
                 recovery.proven ? "" : "; what was shown last may be missing");
  }
}

EngineOptions engine_options(const Config& config) {
  EngineOptions options;
  options.node = config.node;
  options.ingest.definitions.limits = config.limits;
  options.capacity = config.capacity;
  options.ingest.definitions.service_label = config.exposition.service_label;
  options.ingest.sender = config.node;
  options.ingest.subject_prefix = config.subject_prefix;
  options.life.gauge_ttl_ms = config.gauge_ttl.count();
  options.life.forget_after_ms = config.forget_after.count();
  options.life.restart_window_ms = config.restart_window.count();
  options.series_ttl_ms = config.series_ttl.count();
  options.zero_first = config.exposition.zero_first;
  options.render.created = config.exposition.created;
  options.durable.node = config.node;
  options.durable.boot_id = boot_id();
  options.durable.checkpoint_interval_ms = config.state_interval.count();
  options.state_dir = config.state_dir.empty() ? "none" : config.state_dir;
  options.peers.pair = config.pair;
  options.recovery_timeout_ms = config.recovery_timeout.count();
  options.aggregation_overrides.assign(config.aggregation.begin(), config.aggregation.end());
  return options;
}

NatsLink::Options link_options(const Config& config, const EmbeddedServer* broker) {
  const wire::Subjects subjects{config.subject_prefix};
  NatsLink::Options options;
  options.url = broker == nullptr ? config.nats.url : broker->url();
  options.access = config.nats;
  if (broker != nullptr) {
    options.access.token = broker->token();
  }
  options.name = "weir-sidecar " + config.node;
  // With a broker of its own whoever connects is of this node, whatever its container calls the
  // host.
  options.subject =
      broker == nullptr ? subjects.publish_of_node(config.node) : subjects.publish_all();
  options.peer_subject = subjects.peers(config.node);
  options.announce_subject = subjects.control_all(config.node);
  return options;
}

std::string local_url(const ListenAddress& listen, std::uint16_t port) {
  const bool everywhere = listen.host.empty() || listen.host == "0.0.0.0" || listen.host == "::";
  const ListenAddress reachable{everywhere ? "127.0.0.1" : listen.host, port};
  return "http://" + reachable.to_string();
}

// Signals arrive here alone: every thread inherits the mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void wait_for_signal(const sigset_t& signals) {
  int number = 0;
  sigwait(&signals, &number);
  spdlog::info("{}: draining; a second signal ends at once", strsignal(number));
  std::thread([signals] {
    int second = 0;
    sigwait(&signals, &second);
    _exit(128 + second);
  }).detach();
}

int serve(const Config& config, const sigset_t& signals) {
  const SteadyUnixClock clock;
  std::optional<EmbeddedServer> broker;
  if (config.nats.embedded()) {
    EmbeddedServerOptions options;
    const Result<std::string> binary =
        find_nats_server(binary_search_of_this_process(config.nats.embedded_binary));
    if (!binary.ok()) {
      return fail("nats.url: embedded: " + binary.reason());
    }
    options.binary = *binary;
    options.listen = config.nats.embedded_listen;
    options.run_dir = config.run_dir;
    broker.emplace(options, log_broker);
    if (const Status status = broker->start(); !status.ok()) {
      return fail(status.reason());
    }
  }

  PosixStorage storage;
  if (!config.state_dir.empty()) {
    if (const Status status = storage.open(config.state_dir); !status.ok()) {
      return fail("state.dir: " + status.reason() +
                  "; choose another folder, or `none` to keep nothing over restarts");
    }
  }
  IngestQueue queue(config.ingest_queue_bytes);
  NatsLink link(queue);
  const ProcessProbe probe = [&](std::uint32_t pid, std::uint64_t pid_namespace,
                                 std::int64_t last_heard_unix_ms) {
    return process_may_live(pid, pid_namespace, clock.now_ms() - last_heard_unix_ms);
  };
  Engine engine(
      engine_options(config), link, [&] { return clock.now_ms(); }, probe,
      wire::InstanceId::random().low, config.state_dir.empty() ? nullptr : &storage);
  CellsChore cells(engine, config.cells_dir, {.limits = config.limits},
                   [&](std::string_view subject, std::span<const std::uint8_t> frame) {
                     if (engine.peer_count() > 0) {
                       link.send(subject, frame);
                     }
                   });
  if (!config.cells_dir.empty()) {
    if (const Status status = cells.prepare(); !status.ok()) {
      spdlog::warn(
          "cells.dir: {}; what publishers count between their last flush and a crash is "
          "lost",
          status.reason());
    }
  }
  log_recovery(engine.recover(), config.state_dir);
  HeapTidier heap;
  Keeper keeper(engine, [&] {
    cells.step(clock.now_ms());
    heap.step();
  });
  engine.on_final([&] { keeper.wake(); });
  ProcessMetrics process;
  if (const Status status = process.register_in(engine.self_registry()); !status.ok()) {
    return fail(status.reason());
  }
  const http::Routes routes(engine);
  http::Server server(
      {.listen = config.http_listen},
      [&](const http::Request& request) { return routes.answer(request); }, http::Routes::lane_of);
  if (const Status status = server.start(); !status.ok()) {
    return fail("http.listen: " + status.reason());
  }
  const NatsLink::Options to_nats = link_options(config, broker ? &*broker : nullptr);
  link.expect_publishers(engine.living_publishers());
  if (const std::string reason = link.start(to_nats); !reason.empty()) {
    return fail(reason);
  }
  bool connected = false;
  std::string peer_warning;
  IngestLoop loop(queue, engine, [&] {
    LinkStatus status = link.status();
    status.embedded = broker.has_value();
    if (status.connected != connected) {
      connected = status.connected;
      spdlog::log(connected ? spdlog::level::info : spdlog::level::warn, "NATS at {}: {}",
                  status.url, connected ? "connected" : "no connection: " + status.last_error);
    }
    engine.set_link(status);
    if (std::string warning = engine.peer_warning(); warning != peer_warning) {
      peer_warning = std::move(warning);
      if (!peer_warning.empty()) {
        spdlog::warn("{}", peer_warning);
      }
    }
    link.expect_publishers(engine.living_publishers());
  });

  EndpointFile endpoint(config.run_dir);
  const std::string url = local_url(config.http_listen, server.port());
  if (const Status status =
          endpoint.write({link.status().url, config.node, broker ? broker->token_file() : "",
                          config.cells_dir, url});
      !status.ok()) {
    spdlog::warn("{}: clients must be told where NATS is (WEIR_NATS_URL)", status.reason());
  }
  spdlog::info("weir-sidecar {} serves node {} at {}/metrics", WEIR_VERSION, config.node, url);

  wait_for_signal(signals);
  std::this_thread::sleep_for(config.shutdown_linger);
  endpoint.remove();
  engine.part();
  link.stop();
  queue.close();
  loop.stop();
  keeper.stop();
  engine.leave();
  server.stop(std::chrono::seconds(1));
  if (broker) {
    broker->stop();
  }
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace weir::sidecar

int main(int argc, char** argv) {
  using namespace weir::sidecar;
  set_up_allocator();
  const ConfigResult loaded = load_config(argc, argv, environ);
  if (loaded.exit) {
    std::fputs(loaded.exit->text.c_str(), loaded.exit->code == 0 ? stdout : stderr);
    return loaded.exit->code;
  }
  const sigset_t signals = block_signals();
  set_up_logging(loaded.config.log_level, loaded.config.log_format);
  for (const std::string& warning : loaded.warnings) {
    spdlog::warn("{}", warning);
  }
  return serve(loaded.config, signals);
}
