// Times the same loop in several threads at once. Chunks of about a millisecond: on a machine that
// is not idle most of them are undisturbed, so their median says what the loop costs.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "bench/support/json_row.h"

namespace weir::bench {

// All threads leave it together, running: they spin, as long as each can have a core of its own.
// Thread-safe.
class StartLine {
 public:
  explicit StartLine(unsigned threads) : threads_(threads) {}

  void wait() {
    const unsigned turn = turn_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);  // pairs with the loads of the others
      return;
    }
    const bool crowded = threads_ > std::thread::hardware_concurrency();
    for (unsigned spins = 0; turn_.load(std::memory_order_acquire) == turn; ++spins) {
      if (crowded || spins > 10'000) {
        std::this_thread::yield();
      }
    }
  }

 private:
  const unsigned threads_;
  alignas(128) std::atomic<unsigned> arrived_{0};
  alignas(128) std::atomic<unsigned> turn_{0};
};

struct Crowd {
  unsigned threads = 1;
  unsigned chunks = 1;
  std::uint64_t turns = 0;  // of each thread, in each chunk

  // Of each thread before the first chunk: so it has its memory.
  static constexpr std::uint64_t kWarmUpTurns = 64;
  [[nodiscard]] std::uint64_t turns_in_all() const {
    return threads * (chunks * turns + kWarmUpTurns);
  }
};

// What one turn costs a core, in nanoseconds: the median of the chunks. Calls loop(thread, turns).
template <typename Loop>
double nanoseconds_each(const Crowd& crowd, const Loop& loop) {
  using Clock = std::chrono::steady_clock;
  struct alignas(128) Times {
    std::vector<Clock::time_point> begin, end;
  };
  std::vector<Times> times(crowd.threads);
  StartLine line(crowd.threads);
  const auto run = [&](unsigned thread) {
    Times& mine = times[thread];
    mine.begin.reserve(crowd.chunks);
    mine.end.reserve(crowd.chunks);
    loop(thread, Crowd::kWarmUpTurns);
    for (unsigned i = 0; i < crowd.chunks; ++i) {
      line.wait();
      mine.begin.push_back(Clock::now());
      loop(thread, crowd.turns);
      mine.end.push_back(Clock::now());
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned thread = 1; thread < crowd.threads; ++thread) {
      others.emplace_back(run, thread);
    }
    run(0);
  }
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const double turns_per_core =
      static_cast<double>(crowd.turns) * crowd.threads / std::min(crowd.threads, cores);
  std::vector<double> each;
  for (unsigned i = 0; i < crowd.chunks; ++i) {
    auto begin = times[0].begin[i], end = times[0].end[i];
    for (const Times& thread : times) {
      begin = std::min(begin, thread.begin[i]);
      end = std::max(end, thread.end[i]);
    }
    each.push_back(std::chrono::duration<double, std::nano>(end - begin).count() / turns_per_core);
  }
  return median_of(each);
}

}  // namespace weir::bench
