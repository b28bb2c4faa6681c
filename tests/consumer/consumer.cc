// A program outside of Weir's tree: includes what is installed, records, prints.
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
  std::fputs(registry.text().c_str(), stdout);
  return 0;
}
