#include "tests/hammer/hammering.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace hammer {
namespace {

struct Metrics {
  weir::Counter hammered;
  weir::DoubleCounter spent;
  weir::Histogram took;

  weir::Status register_in(weir::Registrar& registrar) {
    return weir::Registration(registrar)
        .add(hammered, {.name = "hammered_total", .help = "Increments made."})
        .add(spent, {.name = "hammered_spent_joules_total", .help = "Half as much."})
        .add(took, {.name = "hammered_took_seconds", .help = "One each time.", .bounds = {1, 2}})
        .status();
  }
};

// Only this thread writes the slot: no read-modify-write is needed. Release keeps the order in
// which another process sees the two, and compilers from moving the increments out of them.
void count_once(Metrics& metrics, Slot& slot) {
  slot.begun.store(slot.begun.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  metrics.hammered.inc();
  metrics.spent.inc(0.5);
  metrics.took.observe(1);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot.done.store(slot.done.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void count_at_rate(Metrics metrics, Slot& slot, double per_second,
                   const std::atomic<bool>& stopping) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  double made = 0;
  while (!stopping.load(std::memory_order_relaxed)) {
    const double due = std::chrono::duration<double>(Clock::now() - begun).count() * per_second;
    for (; made < due; made += 1) {
      count_once(metrics, slot);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

bool hammer_until_told(const Hammering& how, std::span<Slot> slots) {
  weir::Registry registry;
  Metrics metrics;
  if (!metrics.register_in(registry).ok()) {
    return false;
  }
  weir::NatsPublisher publisher(registry, how.publisher);
  std::atomic<bool> stopping{false};
  std::vector<std::thread> threads;
  for (Slot& slot : slots) {
    threads.emplace_back([metrics, &slot, &how, &stopping] {
      count_at_rate(metrics, slot, how.increments_per_second, stopping);
    });
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  int number = 0;
  sigwait(&signals, &number);
  stopping = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  // Who never found a sidecar has nobody to wait for: its cells file says it all.
  const bool had_sidecar = publisher.status().state == weir::PublisherState::kPublishing;
  publisher.stop();
  return publisher.status().goodbye_acknowledged || (!how.needs_sidecar && !had_sidecar);
}

}  // namespace hammer
