// Times the same loop in several threads at once. Chunks of about a millisecond: on a machine that
// is not idle most of them are undisturbed, so their median says what the loop costs.
#pragma once

#include <pthread.h>
#include <sched.h>

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

namespace detail {

using Clock = std::chrono::steady_clock;

struct alignas(128) Times {
  std::vector<Clock::time_point> begin, end;
};

[[nodiscard]] inline unsigned cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

// A core of its own for each of a few threads: else a busy machine's kernel may run them in turns.
inline void pin(unsigned thread) {
  cpu_set_t allowed, chosen;
  CPU_ZERO(&chosen);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return;
  }
  for (unsigned cpu = 0, seen = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed) && seen++ == thread) {
      CPU_SET(cpu, &chosen);
      static_cast<void>(::pthread_setaffinity_np(::pthread_self(), sizeof chosen, &chosen));
    }
  }
}

// The median of the chunks in which the threads ran together for most of the time; of all chunks
// if there are no three of those.
inline double median_chunk_ns(const std::vector<Times>& times, unsigned chunks) {
  constexpr double kTogether = 0.75;
  std::vector<double> all, together;
  for (unsigned i = 0; i < chunks; ++i) {
    auto first_begin = times[0].begin[i], last_begin = first_begin;
    auto first_end = times[0].end[i], last_end = first_end;
    for (const Times& thread : times) {
      first_begin = std::min(first_begin, thread.begin[i]);
      last_begin = std::max(last_begin, thread.begin[i]);
      first_end = std::min(first_end, thread.end[i]);
      last_end = std::max(last_end, thread.end[i]);
    }
    const std::chrono::duration<double, std::nano> taken = last_end - first_begin;
    const std::chrono::duration<double, std::nano> shared = first_end - last_begin;
    all.push_back(taken.count());
    if (shared >= kTogether * taken) {
      together.push_back(taken.count());
    }
  }
  return median_of(together.size() < 3 ? all : together);
}

}  // namespace detail

// What one turn costs a core, in nanoseconds. Calls loop(thread, turns).
template <typename Loop>
double nanoseconds_each(const Crowd& crowd, const Loop& loop) {
  const unsigned cores = detail::cores();
  std::vector<detail::Times> times(crowd.threads);
  StartLine line(crowd.threads);
  const auto run = [&](unsigned thread) {
    if (crowd.threads <= cores) {
      detail::pin(thread);
    }
    detail::Times& mine = times[thread];
    mine.begin.reserve(crowd.chunks);
    mine.end.reserve(crowd.chunks);
    loop(thread, Crowd::kWarmUpTurns);
    for (unsigned i = 0; i < crowd.chunks; ++i) {
      line.wait();
      mine.begin.push_back(detail::Clock::now());
      loop(thread, crowd.turns);
      mine.end.push_back(detail::Clock::now());
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < crowd.threads; ++thread) {
      threads.emplace_back(run, thread);
    }
  }
  return detail::median_chunk_ns(times, crowd.chunks) * std::min(crowd.threads, cores) /
         (static_cast<double>(crowd.turns) * crowd.threads);
}

}  // namespace weir::bench
