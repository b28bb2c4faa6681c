// What is counted is counted: over threads that run together, end, and are followed by others.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "weir/registry.h"

namespace weir {
namespace {

// The value of a sample line of text(), or "absent".
std::string value_of(const Registry& registry, const std::string& series) {
  const std::string text = registry.text();
  const std::size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) {
    return "absent";
  }
  const std::size_t begin = at + series.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(Cells, ThreadsThatRunTogetherAreExact) {
  Registry registry;
  Counter counter = *registry.counter({.name = "together_total", .help = "h"});
  DoubleCounter seconds = *registry.double_counter({.name = "together_seconds_total", .help = "h"});
  constexpr int kThreads = 8;
  constexpr std::uint64_t kEach = 100'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([=]() mutable {
      for (std::uint64_t n = 0; n < kEach; ++n) {
        counter.inc();
        seconds.inc(0.5);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(value_of(registry, "together_total"), std::to_string(kThreads * kEach));
  EXPECT_EQ(value_of(registry, "together_seconds_total"), std::to_string(kThreads * kEach / 2));
}

TEST(Cells, WhatEndedThreadsCountedStays) {
  Registry registry;
  Counter counter = *registry.counter({.name = "ended_total", .help = "h"});
  for (int i = 0; i < 100; ++i) {
    std::thread([=]() mutable { counter.inc(3); }).join();
  }
  EXPECT_EQ(value_of(registry, "ended_total"), "300");
}

struct CountsAtThreadEnd {
  Counter counter;
  ~CountsAtThreadEnd() { counter.inc(); }
};

TEST(Cells, DestructorsOfThreadLocalsMayStillCount) {
  Registry registry;
  Counter counter = *registry.counter({.name = "late_total", .help = "h"});
  std::thread([=] {
    thread_local CountsAtThreadEnd at_end;
    at_end.counter = counter;
  }).join();
  EXPECT_EQ(value_of(registry, "late_total"), "1");
}

TEST(Cells, ARegistryLeavesZeroesForTheNext) {
  for (int i = 0; i < 50; ++i) {  // the same segment again and again
    Registry registry;
    Counter counter = *registry.counter({.name = "again_total", .help = "h"});
    Histogram histogram = *registry.histogram({.name = "seen", .help = "h", .bounds = {1}});
    EXPECT_EQ(value_of(registry, "again_total"), "0");
    EXPECT_EQ(value_of(registry, "seen_count"), "0");
    counter.inc(7);
    histogram.observe(1);
    std::thread([=]() mutable { counter.inc(7); }).join();
    EXPECT_EQ(value_of(registry, "again_total"), "14");
  }
}

TEST(Cells, RegistriesDoNotShare) {
  Registry one;
  Registry two;
  Counter in_one = *one.counter({.name = "x_total", .help = "h"});
  Counter in_two = *two.counter({.name = "x_total", .help = "h"});
  in_one.inc(1);
  in_two.inc(2);
  EXPECT_EQ(value_of(one, "x_total"), "1");
  EXPECT_EQ(value_of(two, "x_total"), "2");
}

TEST(Cells, MoreThanOneSegment) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "many_total", .help = "h", .labels = {"i"}});
  constexpr int kSeries = 20'000;  // a segment has 8192 cells
  std::vector<Counter> counters;
  for (int i = 0; i < kSeries; ++i) {
    counters.push_back(family.with(std::to_string(i)));
  }
  std::thread([counters]() mutable {
    for (Counter& counter : counters) {
      counter.inc();
    }
  }).join();
  counters.back().inc();
  EXPECT_EQ(value_of(registry, "many_total{i=\"0\"}"), "1");
  EXPECT_EQ(value_of(registry, "many_total{i=\"8191\"}"), "1");
  EXPECT_EQ(value_of(registry, "many_total{i=\"8192\"}"), "1");
  EXPECT_EQ(value_of(registry, "many_total{i=\"19999\"}"), "2");
}

TEST(Cells, DetachedHandlesGoNowhereAndHarmNothing) {
  Registry registry;
  Counter counter = *registry.counter({.name = "real_total", .help = "h"});
  Counter().inc(5);
  DoubleCounter().inc(5);
  Histogram().observe(5);
  Gauge().set(5);
  ExternalCounter().set(5);
  ExternalDoubleCounter().set(5);
  CounterFamily().with("a", "b").inc();
  EXPECT_EQ(value_of(registry, "real_total"), "0");
  counter.inc();
  EXPECT_EQ(value_of(registry, "real_total"), "1");
}

TEST(Cells, AForkedChildCountsFromZero) {
  Registry registry;
  Counter counter = *registry.counter({.name = "forked_total", .help = "h"});
  counter.inc(5);
  std::atomic<bool> end{false};
  std::thread other([&, counter]() mutable {
    counter.inc(5);
    while (!end.load()) {
      std::this_thread::yield();
    }
  });
  while (value_of(registry, "forked_total") != "10") {
    std::this_thread::yield();
  }
  const pid_t child = ::fork();
  if (child == 0) {
    counter.inc(2);
    ::_exit(value_of(registry, "forked_total") == "2" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  end = true;
  other.join();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(value_of(registry, "forked_total"), "10");  // the child wrote into pages of its own
}

TEST(Cells, BadAmountsOfDoubleCountersAreIgnored) {
  Registry registry;
  DoubleCounter counter = *registry.double_counter({.name = "joules_total", .help = "h"});
  counter.inc(1.5);
  counter.inc(-1);
  counter.inc(std::numeric_limits<double>::quiet_NaN());
  counter.inc(std::numeric_limits<double>::infinity());
  EXPECT_EQ(value_of(registry, "joules_total"), "1.5");
}

TEST(Cells, ADoubleTotalStaysFinite) {
  Registry registry;
  DoubleCounter counter = *registry.double_counter({.name = "huge_total", .help = "h"});
  counter.inc(std::numeric_limits<double>::max());
  counter.inc(std::numeric_limits<double>::max());
  EXPECT_EQ(value_of(registry, "huge_total"), "1.7976931348623157e+308");
}

}  // namespace
}  // namespace weir
