// hammer: counts fast, and keeps the truth in a file that outlives it, so that the fault tests know
// what was counted when it is killed. SIGTERM ends it, with a goodbye. `--processes N`: a swarm of
// N processes that end and are replaced all the time.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "tests/hammer/hammering.h"
#include "tests/hammer/swarm.h"
#include "tests/hammer/truth.h"

int main(int argc, char** argv) {
  hammer::Hammering how;
  hammer::Swarm swarm;
  std::string truth;
  std::size_t threads = 2;
  std::size_t processes = 0;
  int flush_ms = 20;
  int heartbeat_ms = 200;
  int goodbye_ms = 5000;
  CLI::App app("Counts fast, and keeps the truth.", "hammer");
  app.add_option("--url", how.publisher.url, "NATS URL")->required();
  app.add_option("--service", how.publisher.service, "the name to publish under")->required();
  app.add_option("--node", how.publisher.node, "the node to publish for")->required();
  app.add_option("--truth", truth, "a file that is not there yet")->required();
  app.add_option("--threads", threads, "that count")->check(CLI::Range(1, 64));
  app.add_option("--rate", how.increments_per_second, "increments a second of each thread");
  app.add_option("--flush-ms", flush_ms, "flush interval");
  app.add_option("--heartbeat-ms", heartbeat_ms, "heartbeat interval");
  app.add_option("--goodbye-ms", goodbye_ms, "how long to wait for the goodbye's answer");
  app.add_option("--processes", processes, "a swarm of so many, each with one thread")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--life-ms-min", swarm.life_ms_min, "the shortest life in the swarm");
  app.add_option("--life-ms-max", swarm.life_ms_max, "the longest");
  app.add_option("--killed-part", swarm.killed_part, "of the swarm is killed instead of asked");
  app.add_option("--seed", swarm.seed, "of lives and kills");
  CLI11_PARSE(app, argc, argv);
  how.publisher.flush_interval = std::chrono::milliseconds(flush_ms);
  how.publisher.heartbeat_interval = std::chrono::milliseconds(heartbeat_ms);
  how.publisher.goodbye_timeout = std::chrono::milliseconds(goodbye_ms);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto slots = hammer::map_truth(truth, processes > 0 ? processes : threads);
  if (slots.empty()) {
    std::fprintf(stderr, "cannot make %s\n", truth.c_str());
    return 2;
  }
  if (processes > 0) {
    how.needs_sidecar = false;
    hammer::keep_swarming(swarm, how, slots);
    return 0;
  }
  return hammer::hammer_until_told(how, slots) ? 0 : 1;
}
