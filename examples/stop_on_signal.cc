// A service that ends well: on SIGTERM or Ctrl-C main runs to its end, the publisher says goodbye,
// and what was counted a moment ago arrives.
#include <weir/weir.h>

#include <chrono>
#include <cstdint>
#include <iostream>

int main() {
  weir::SignalStop stop;
  weir::Registry registry;
  auto jobs = registry.counter({.name = "jobs_total", .help = "Jobs done."});
  weir::NatsPublisher publisher(registry, {.service = "stop_on_signal"});
  std::uint64_t done = 0;
  std::cout << "working; kill me" << std::endl;
  while (!stop.wait_for(std::chrono::milliseconds(1))) {
    jobs->inc();
    ++done;
  }
  publisher.stop();  // so would its destructor; this way we can ask how it went
  const weir::PublisherStatus status = publisher.status();
  std::cout << "signal " << stop.signal() << " after " << done << " jobs; " << status.reason
            << std::endl;
  return status.goodbye_acknowledged ? 0 : 1;
}
