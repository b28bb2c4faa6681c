// A program outside of Weir's tree: includes what is installed, records, prints. It uses every kind
// of metric, so that a symbol which the library does not export fails here.
#include <weir/weir.h>

#include <cstdio>

int main() {
  weir::Registry registry;
  auto calls = registry.counter_family(
      {.name = "calls_total", .help = "Calls of the consumer.", .labels = {"from"}});
  if (!calls.ok()) {
    std::fprintf(stderr, "%s\n", calls.reason().c_str());
    return 1;
  }
  calls->with("outside").inc(3);
  auto seconds = registry.histogram({.name = "call_seconds",
                                     .help = "Time of a call.",
                                     .bounds = weir::exponential_bounds(0.001, 10, 4)});
  { const weir::Timer timer(*seconds); }
  weir::Scope scope = registry.scope("part", {{"side", "left"}});
  scope.gauge({.name = "level", .help = "A gauge."})->set(2.5);
  scope.double_counter({.name = "joules_total", .help = "A sum."})->inc(0.5);
  scope.external_counter({.name = "read_total", .help = "A reading."})->set(7);
  scope.external_double_counter({.name = "read_seconds_total", .help = "A reading."})->set(7.5);
  weir::Gauge().set(1);
  weir::ExternalCounter().set(1);
  weir::Histogram().observe(1);
  // To nobody: what is recorded waits, and nothing fails.
  weir::NatsPublisher publisher(
      registry, {.url = "nats://127.0.0.1:1", .goodbye_timeout = std::chrono::milliseconds(1)});
  std::fputs(registry.text().c_str(), stdout);
  return 0;
}
