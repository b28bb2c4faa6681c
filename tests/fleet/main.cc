// fleet: thousands of publishers in one process, over a few connections to a NATS server. Each is
// the real client's state machine; only the connection is shared. The fault tests drive it with
// commands on standard input, one a line, each answered with one line of JSON:
//   count N    each group counts N increments, one observation, another level
//   rate N     each group counts N increments a second; 0: nothing more
//   lose P     this part of all frames is lost on its way, 0 .. 1
//   drop MS    all connections break, and come back after so long; 0: at once
//   restart N  so many members a second say goodbye and begin as new instances
//   status     states of the members, frames, keyframes
//   truth      what was counted, per service
//   exit       without goodbyes
#include <CLI/CLI.hpp>

#include "tests/fleet/fleet.h"

int main(int argc, char** argv) {
  fleet::Options options;
  CLI::App app("Thousands of publishers in one process.", "fleet");
  app.add_option("--port", options.port, "of the NATS server on the loopback")->required();
  app.add_option("--node", options.node, "the node to publish for");
  app.add_option("--members", options.members, "how many publishers")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--groups", options.groups, "services; the members of one share its counts")
      ->check(CLI::Range(1, 500));
  app.add_option("--lines", options.lines, "connections")->check(CLI::Range(1, 1000));
  app.add_option("--flush-ms", options.flush_interval_ms, "flush interval");
  app.add_option("--heartbeat-ms", options.heartbeat_interval_ms, "heartbeat interval");
  app.add_option("--start-within-ms", options.start_within_ms,
                 "the first begins at once, the last then");
  app.add_option("--seed", options.seed, "of everything left to chance but the instances' ids");
  CLI11_PARSE(app, argc, argv);
  fleet::Fleet(options).run();
  return 0;
}
