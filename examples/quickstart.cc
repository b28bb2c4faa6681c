#include <weir/weir.h>

#include <chrono>
#include <thread>

int main() {
  weir::Registry registry;
  auto requests = registry.counter_family(
      {.name = "requests_total", .help = "Requests served.", .labels = {"route"}});
  auto seconds = registry.histogram({.name = "request_duration_seconds",
                                     .help = "Time to serve a request.",
                                     .bounds = weir::exponential_bounds(0.001, 2, 12)});
  weir::NatsPublisher publisher(registry, {.service = "quickstart"});
  for (int i = 0; i < 1000; ++i) {
    const weir::Timer timer(*seconds);
    requests->with("/hello").inc();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}
