// with() and remove(): label values to series.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "weir/registry.h"

namespace weir {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Series, TheSameValuesAreTheSameSeries) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a", "b"}});
  for (int i = 0; i < 3; ++i) {
    family.with("GET", std::string("200")).inc();
  }
  family.with("GE", "T200").inc();  // values do not run into each other
  EXPECT_THAT(registry.text(), AllOf(HasSubstr("x_total{a=\"GET\",b=\"200\"} 3\n"),
                                     HasSubstr("x_total{a=\"GE\",b=\"T200\"} 1\n")));
  EXPECT_EQ(registry.stats().series, 2u);
}

TEST(Series, ValuesOfAnyLengthAreKeptApart) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  for (int round = 0; round < 2; ++round) {
    for (std::size_t length = 0; length < 70; ++length) {
      family.with(std::string(length, 'x')).inc();
      family.with(std::string(length, 'x') + "y").inc();
    }
  }
  EXPECT_EQ(registry.stats().series, 140u);
}

TEST(Series, ManyThreadsMakeOneSeriesOnce) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"i"}});
  constexpr int kThreads = 8;
  constexpr int kSeries = 1000;  // more than a thread's cache holds
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([=] {
      for (int i = 0; i < 3 * kSeries; ++i) {
        family.with(std::to_string(i % kSeries)).inc();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(registry.stats().series, static_cast<std::uint64_t>(kSeries));
  const std::string text = registry.text();
  for (int i = 0; i < kSeries; ++i) {
    ASSERT_THAT(text, HasSubstr("x_total{i=\"" + std::to_string(i) + "\"} 24\n"));
  }
}

TEST(Series, BadValuesAreRefusedAndCounted) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a", "b"}});
  family.with("one").inc();
  EXPECT_THAT(registry.stats().last_refusal,
              AllOf(HasSubstr("\"x_total\""), HasSubstr("1 label values for 2 label names")));
  family.with("\xff", "x").inc();
  EXPECT_THAT(registry.stats().last_refusal, HasSubstr("label \"a\""));
  family.with("x", std::string(100'000, 'x')).inc();
  EXPECT_THAT(registry.stats().last_refusal, HasSubstr("label \"b\""));
  EXPECT_EQ(registry.stats().refused_series, 3u);
  EXPECT_EQ(registry.stats().series, 0u);
  EXPECT_EQ(registry.text(), "");
}

TEST(Series, PastTheLimitAreRefused) {
  Registry registry({.series_max = 2});
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  family.with("1").inc();
  family.with("2").inc();
  family.with("3").inc();
  family.with("1").inc();
  EXPECT_EQ(registry.stats().refused_series, 1u);
  EXPECT_THAT(registry.stats().last_refusal, HasSubstr("the limit is 2 series"));
  EXPECT_THAT(registry.gauge({.name = "g", .help = "h"}).reason(), HasSubstr("limit"));
}

TEST(Series, RemovedOnesComeBackWithTheirTotal) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  Counter kept = family.with("1");
  kept.inc(5);
  family.with("2").inc();
  family.remove("1");
  family.remove("never made");
  EXPECT_THAT(registry.text(), AllOf(Not(HasSubstr("a=\"1\"")), HasSubstr("a=\"2\"")));
  kept.inc();  // the handle stays valid
  EXPECT_THAT(registry.text(), Not(HasSubstr("a=\"1\"")));
  family.with("1").inc();
  EXPECT_THAT(registry.text(), HasSubstr("x_total{a=\"1\"} 7\n"));
  family.remove_all();
  EXPECT_EQ(registry.text(), "");
}

TEST(Series, RemoveAllOfAScopeLeavesItsSiblings) {
  Registry registry;
  const auto family_of = [&](const char* shard) {
    return *registry.scope("", {{"shard", shard}})
                .counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  };
  family_of("1").with("a").inc();
  family_of("2").with("a").inc();
  family_of("1").remove_all();
  EXPECT_THAT(registry.text(), AllOf(Not(HasSubstr("shard=\"1\"")), HasSubstr("shard=\"2\"")));
}

TEST(Series, ADestroyedRegistryLeavesNothingInTheCaches) {
  for (int i = 0; i < 20; ++i) {
    const auto registry = std::make_unique<Registry>();
    CounterFamily family =
        *registry->counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
    family.with("same").inc();
    family.with("same").inc();
    ASSERT_THAT(registry->text(), HasSubstr("x_total{a=\"same\"} 2\n"));
  }
}

TEST(ExportCallbacks, RunBeforeEachExportAndMayThrow) {
  Registry registry;
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  registry.on_export([gauge, n = 0]() mutable { gauge.set(++n); });
  registry.on_export([] { throw std::runtime_error("broken"); });
  EXPECT_THAT(registry.text(), HasSubstr("g 1\n"));
  EXPECT_THAT(registry.text(), HasSubstr("g 2\n"));
  EXPECT_EQ(registry.stats().refused_series, 2u);
  EXPECT_THAT(registry.stats().last_refusal, HasSubstr("broken"));
}

TEST(Gauges, SetAddAndSubtract) {
  Registry registry;
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  gauge.set(10);
  gauge.add(2.5);
  gauge.sub(0.5);
  gauge.inc();
  gauge.dec();
  gauge.dec();
  EXPECT_THAT(registry.text(), HasSubstr("g 11\n"));
}

}  // namespace
}  // namespace weir
