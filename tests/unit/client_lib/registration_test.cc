// What can be registered, and what the refusals say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "weir/registry.h"
#include "weir/timer.h"

namespace weir {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename Metric>
std::string why(const Result<Metric>& result) {
  return result.reason();
}

TEST(Registration, NamesFollowTheirTypes) {
  Registry registry;
  EXPECT_THAT(why(registry.counter({.name = "requests", .help = "h"})),
              AllOf(HasSubstr("\"requests\""), HasSubstr("must end in _total")));
  EXPECT_THAT(why(registry.external_counter({.name = "bytes", .help = "h"})),
              HasSubstr("must end in _total"));
  EXPECT_THAT(why(registry.gauge({.name = "temperature_total", .help = "h"})),
              HasSubstr("must not end in _total"));
  EXPECT_THAT(why(registry.histogram({.name = "latency_total", .help = "h"})),
              HasSubstr("must not end in _total"));
  EXPECT_THAT(why(registry.counter({.name = "9x_total", .help = "h"})), HasSubstr("digit"));
  EXPECT_THAT(why(registry.counter({.name = "", .help = "h"})), HasSubstr("empty"));
  EXPECT_THAT(why(registry.counter({.name = "_total", .help = "h"})), HasSubstr("must end"));
  EXPECT_EQ(registry.stats().families, 0u);
}

TEST(Registration, AUnitStandsInTheName) {
  Registry registry;
  EXPECT_THAT(why(registry.gauge({.name = "temperature", .help = "h", .unit = "celsius"})),
              AllOf(HasSubstr("\"temperature\""), HasSubstr("must end in _celsius")));
  EXPECT_THAT(why(registry.counter({.name = "busy_total", .help = "h", .unit = "seconds"})),
              HasSubstr("must end in _seconds_total"));
  EXPECT_TRUE(registry.gauge({.name = "t_celsius", .help = "h", .unit = "celsius"}).ok());
  EXPECT_TRUE(registry.counter({.name = "b_seconds_total", .help = "h", .unit = "seconds"}).ok());
}

TEST(Registration, LabelNamesAreCheckedAndUnique) {
  Registry registry({.constant_labels = {{"region", "eu"}}});
  const auto attempt = [&](std::vector<std::string> labels) {
    return why(registry.counter_family({.name = "x_total", .help = "h", .labels = labels}));
  };
  EXPECT_THAT(attempt({"a-b"}), AllOf(HasSubstr("\"x_total\""), HasSubstr("a-b")));
  EXPECT_THAT(attempt({"a", "b", "a"}), AllOf(HasSubstr("\"a\""), HasSubstr("twice")));
  EXPECT_THAT(attempt({"region"}), HasSubstr("constant label"));
  EXPECT_THAT(attempt({"service_name"}), HasSubstr("Weir itself adds it"));
  EXPECT_THAT(attempt({"le"}), HasSubstr("reserved"));
  EXPECT_THAT(attempt({"__x"}), HasSubstr("Prometheus"));
  EXPECT_THAT(attempt(std::vector<std::string>(40, "a")), HasSubstr("limit"));
  Scope scope = registry.scope("s", {{"shard", "1"}});
  EXPECT_THAT(why(scope.counter_family({.name = "x_total", .help = "h", .labels = {"shard"}})),
              AllOf(HasSubstr("\"s_x_total\""), HasSubstr("twice")));
}

TEST(Registration, OptionsOfAnotherTypeAreRefused) {
  Registry registry;
  EXPECT_THAT(why(registry.gauge({.name = "g", .help = "h", .bounds = {1}})),
              HasSubstr("only histograms have bounds"));
  EXPECT_THAT(
      why(registry.counter({.name = "c_total", .help = "h", .aggregation = Aggregation::kMax})),
      HasSubstr("only gauges"));
  EXPECT_THAT(
      why(registry.counter({.name = "c_total", .help = "h", .hold = std::chrono::seconds(1)})),
      HasSubstr("only gauges"));
  EXPECT_TRUE(
      registry.external_counter({.name = "e_total", .help = "h", .hold = std::chrono::seconds(1)})
          .ok());
  EXPECT_THAT(why(registry.gauge({.name = "g", .help = "h", .hold = std::chrono::hours(9000)})),
              HasSubstr("hold is longer"));
  EXPECT_THAT(why(registry.gauge({.name = "g", .help = "h", .hold = std::chrono::seconds(-1)})),
              HasSubstr("negative"));
  EXPECT_THAT(why(registry.histogram({.name = "h", .help = "h", .bounds = {2, 1}})),
              HasSubstr("\"h\""));
  EXPECT_THAT(why(registry.counter({.name = "c_total", .help = "h", .labels = {"a"}})),
              HasSubstr("_family"));
  EXPECT_THAT(why(registry.counter({.name = "c_total", .help = std::string(5000, 'x')})),
              HasSubstr("\"c_total\""));
}

TEST(Registration, TheSameDefinitionGivesTheSameMetric) {
  Registry registry;
  Counter one = *registry.counter({.name = "x_total", .help = "h"});
  Counter two = *registry.counter({.name = "x_total", .help = "h"});
  one.inc();
  two.inc();
  EXPECT_THAT(registry.text(), HasSubstr("\nx_total 2\n"));
  EXPECT_EQ(registry.stats().families, 1u);
  EXPECT_EQ(registry.stats().series, 1u);
}

TEST(Registration, AnotherDefinitionOfANameSaysWhatDiffers) {
  Registry registry;
  const FamilyOptions first{.name = "x_seconds",
                            .help = "old",
                            .labels = {"a"},
                            .unit = "seconds",
                            .bounds = {1, 2},
                            .group = "g"};
  ASSERT_TRUE(registry.histogram_family(first).ok());
  const auto again = [&](auto change) {
    FamilyOptions options = first;
    change(options);
    return why(registry.histogram_family(options));
  };
  EXPECT_EQ(again([](FamilyOptions&) {}), "");
  EXPECT_THAT(again([](FamilyOptions& o) { o.help = "new"; }),
              AllOf(HasSubstr("help"), HasSubstr("\"old\""), HasSubstr("\"new\"")));
  EXPECT_THAT(again([](FamilyOptions& o) { o.labels = {"b"}; }),
              AllOf(HasSubstr("labels"), HasSubstr("{a}"), HasSubstr("{b}")));
  EXPECT_THAT(again([](FamilyOptions& o) { o.bounds = {1}; }), HasSubstr("bounds"));
  EXPECT_THAT(again([](FamilyOptions& o) { o.unit = ""; }), HasSubstr("unit"));
  EXPECT_THAT(again([](FamilyOptions& o) { o.group = ""; }), HasSubstr("group"));
  EXPECT_THAT(why(registry.gauge({.name = "x_seconds", .help = "old"})),
              AllOf(HasSubstr("type"), HasSubstr("histogram"), HasSubstr("gauge")));
  EXPECT_THAT(why(registry.double_counter({.name = "y_total", .help = "h"})), "");
  EXPECT_THAT(why(registry.counter({.name = "y_total", .help = "h"})), HasSubstr("type"));
  ASSERT_TRUE(registry.gauge({.name = "g", .help = "h"}).ok());
  EXPECT_THAT(why(registry.gauge({.name = "g", .help = "h", .aggregation = Aggregation::kMax})),
              HasSubstr("aggregation"));
  EXPECT_THAT(why(registry.gauge({.name = "g", .help = "h", .hold = std::chrono::seconds(1)})),
              HasSubstr("hold"));
}

TEST(Registration, NamesThatMeetOnThePageAreRefused) {
  Registry registry;
  ASSERT_TRUE(registry.histogram({.name = "h", .help = "h", .bounds = {1}}).ok());
  EXPECT_THAT(why(registry.gauge({.name = "h_sum", .help = "h"})), HasSubstr("histogram \"h\""));
  ASSERT_TRUE(registry.counter({.name = "x_total", .help = "h"}).ok());
  EXPECT_THAT(why(registry.gauge({.name = "x", .help = "h"})), HasSubstr("\"x_total\""));
  ASSERT_TRUE(registry.gauge({.name = "g_count", .help = "h"}).ok());
  EXPECT_THAT(why(registry.histogram({.name = "g", .help = "h", .bounds = {1}})),
              HasSubstr("g_count"));
}

TEST(Registration, BadConstantLabelsStopARegistry) {
  Registry registry({.constant_labels = {{"bad-name", "x"}}});
  EXPECT_THAT(registry.status().reason(), AllOf(HasSubstr("constant"), HasSubstr("bad-name")));
  EXPECT_EQ(why(registry.counter({.name = "x_total", .help = "h"})), registry.status().reason());
  EXPECT_FALSE(Registry({.constant_labels = {{"a", "1"}, {"a", "2"}}}).status().ok());
  EXPECT_FALSE(Registry({.constant_labels = {{"service_name", "1"}}}).status().ok());
  EXPECT_FALSE(Registry({.constant_labels = {{"a", "\xff"}}}).status().ok());
}

TEST(Registration, AFailedMetricIsDetached) {
  Registry registry;
  Result<Counter> bad = registry.counter({.name = "bad"});
  ASSERT_FALSE(bad.ok());
  bad->inc();
  EXPECT_EQ(registry.text(), "");
}

TEST(Scopes, AddAPrefixAndLabelsAndNest) {
  Registry registry;
  Scope db = registry.scope("db", {{"shard", "1"}});
  Scope pool = db.scope("pool", {{"kind", "idle"}});
  pool.counter_family({.name = "x_total", .help = "h", .labels = {"op"}})->with("get").inc();
  EXPECT_THAT(registry.text(),
              HasSubstr("db_pool_x_total{shard=\"1\",kind=\"idle\",op=\"get\"} 1\n"));
  EXPECT_FALSE(registry.scope("", {{"bad-name", "x"}}).counter({.name = "y_total"}).ok());
}

TEST(Scopes, OfDifferentLabelValuesShareAFamily) {
  Registry registry;
  Counter one = *registry.scope("db", {{"shard", "1"}}).counter({.name = "x_total", .help = "h"});
  Counter two = *registry.scope("db", {{"shard", "2"}}).counter({.name = "x_total", .help = "h"});
  one.inc(1);
  two.inc(2);
  EXPECT_EQ(registry.stats().families, 1u);
  EXPECT_THAT(registry.text(), AllOf(HasSubstr("db_x_total{shard=\"1\"} 1\n"),
                                     HasSubstr("db_x_total{shard=\"2\"} 2\n")));
}

struct HttpMetrics {
  CounterFamily requests;
  Histogram seconds;
  Status register_in(Registrar& registrar) {
    return Registration(registrar)
        .add(requests, {.name = "requests_total", .help = "Requests.", .labels = {"method"}})
        .add(seconds, {.name = "seconds", .help = "Time.", .bounds = {0.1, 1}})
        .status();
  }
};

TEST(Structs, AreRegisteredAsAWhole) {
  Registry registry;
  HttpMetrics metrics;
  Scope http = registry.scope("http");
  ASSERT_TRUE(metrics.register_in(http).ok());
  metrics.requests.with("GET").inc();
  { const Timer timer(metrics.seconds); }
  EXPECT_THAT(registry.text(), AllOf(HasSubstr("http_requests_total{method=\"GET\"} 1\n"),
                                     HasSubstr("http_seconds_count 1\n")));
}

TEST(Structs, RememberTheFirstError) {
  Registry registry;
  Counter good;
  Counter bad;
  Counter worse;
  const Status status = Registration(registry)
                            .add(bad, {.name = "bad"})
                            .add(worse, {.name = "9"})
                            .add(good, {.name = "good_total"})
                            .status();
  EXPECT_THAT(status.reason(), HasSubstr("\"bad\""));
  good.inc();
  bad.inc();
  EXPECT_THAT(registry.text(), HasSubstr("good_total 1\n"));
}

}  // namespace
}  // namespace weir
