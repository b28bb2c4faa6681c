// When no memory can be mapped for a thread, recording goes on.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "client_lib/src/cell_space.h"
#include "weir/registry.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define WEIR_SANITIZED 1
#endif

namespace weir {
namespace {

// Runs in a child: the limit is for the whole process.
int count_without_memory() {
  Registry registry;
  Counter counter = *registry.counter({.name = "poor_total", .help = "h"});
  constexpr int kThreads = 64;  // more than ranges that earlier tests left behind
  std::atomic<bool> limited{false};
  std::atomic<int> counted{0};
  std::mutex one_by_one;  // writers that share the reserve would overwrite each other
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, counter]() mutable {
      while (!limited.load()) {
        std::this_thread::yield();
      }
      {
        const std::lock_guard lock(one_by_one);
        counter.inc(4);
      }
      ++counted;
      while (counted.load() < kThreads) {
        std::this_thread::yield();
      }
    });
  }
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  const rlimit none{1 << 20, before.rlim_max};
  ::setrlimit(RLIMIT_AS, &none);
  limited = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  ::setrlimit(RLIMIT_AS, &before);
  const bool in_reserve = cells::cell_space().threads_in_reserve() > 0;
  const bool exact = registry.text().find("\npoor_total 256\n") != std::string::npos;
  return (in_reserve ? 0 : 1) + (exact ? 0 : 2);
}

TEST(ReserveRange, TakesThreadsThatGetNoMemory) {
#ifdef WEIR_SANITIZED
  GTEST_SKIP() << "sanitizers need address space of their own";
#endif
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(count_without_memory());
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace weir
