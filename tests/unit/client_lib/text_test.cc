// The text exporter, byte for byte.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "client_lib/src/text_format.h"
#include "weir/registry.h"

namespace weir {
namespace {

void fill(Registry& registry) {
  CounterFamily requests = *registry.counter_family(
      {.name = "requests_total", .help = "Back\\slash, \"quotes\"\nand line.", .labels = {"path"}});
  requests.with("/a\"b\\c\nd").inc(3);
  DoubleCounter busy =
      *registry.double_counter({.name = "busy_seconds_total", .help = "Busy.", .unit = "seconds"});
  busy.inc(0.25);
  registry.external_counter({.name = "kernel_total", .help = "K."})->set(1'000'000);
  registry.external_double_counter({.name = "energy_joules_total"})->set(1.5);
  registry.gauge({.name = "temperature", .help = "T."})->set(-3.5);
  Histogram seconds = *registry.histogram(
      {.name = "latency_seconds", .help = "L.", .unit = "seconds", .bounds = {0.5, 1, 100}});
  seconds.observe(0.5);
  seconds.observe(0.75);
  seconds.observe(1000);
  (void)registry.counter_family({.name = "empty_total", .help = "No series.", .labels = {"a"}});
}

TEST(TextTest, AnExternalCounterShowsNothingBeforeItIsSet) {
  Registry registry;
  const auto energy =
      registry.external_double_counter_family({.name = "energy_joules_total", .labels = {"zone"}});
  const auto bytes = registry.external_counter_family({.name = "bytes_total", .labels = {"nic"}});
  ExternalDoubleCounter package = energy->with("package");
  ExternalCounter first = bytes->with("eth0");
  EXPECT_EQ(registry.text().find('{'), std::string::npos) << registry.text();
  package.set(0.5);
  first.set(0);
  EXPECT_NE(registry.text().find("energy_joules_total{zone=\"package\"} 0.5\n"), std::string::npos);
  EXPECT_NE(registry.text().find("bytes_total{nic=\"eth0\"} 0\n"), std::string::npos);
  energy->remove("package");
  (void)energy->with("package");
  EXPECT_EQ(registry.text().find("energy_joules_total{"), std::string::npos)
      << "what was read before it went is not served as fresh";
}

TEST(Text, Prometheus) {
  Registry registry({.constant_labels = {{"region", "eu"}}});
  fill(registry);
  EXPECT_EQ(registry.text(), R"(# HELP requests_total Back\\slash, "quotes"\nand line.
# TYPE requests_total counter
requests_total{region="eu",path="/a\"b\\c\nd"} 3
# HELP busy_seconds_total Busy.
# TYPE busy_seconds_total counter
busy_seconds_total{region="eu"} 0.25
# HELP kernel_total K.
# TYPE kernel_total counter
kernel_total{region="eu"} 1000000
# TYPE energy_joules_total counter
energy_joules_total{region="eu"} 1.5
# HELP temperature T.
# TYPE temperature gauge
temperature{region="eu"} -3.5
# HELP latency_seconds L.
# TYPE latency_seconds histogram
latency_seconds_bucket{region="eu",le="0.5"} 1
latency_seconds_bucket{region="eu",le="1.0"} 2
latency_seconds_bucket{region="eu",le="100.0"} 2
latency_seconds_bucket{region="eu",le="+Inf"} 3
latency_seconds_sum{region="eu"} 1001.25
latency_seconds_count{region="eu"} 3
)");
}

TEST(Text, OpenMetrics) {
  Registry registry;
  fill(registry);
  EXPECT_EQ(registry.text(TextFormat::kOpenMetrics),
            R"(# HELP requests Back\\slash, \"quotes\"\nand line.
# TYPE requests counter
requests_total{path="/a\"b\\c\nd"} 3
# HELP busy_seconds Busy.
# TYPE busy_seconds counter
# UNIT busy_seconds seconds
busy_seconds_total 0.25
# HELP kernel K.
# TYPE kernel counter
kernel_total 1000000
# TYPE energy_joules counter
energy_joules_total 1.5
# HELP temperature T.
# TYPE temperature gauge
temperature -3.5
# HELP latency_seconds L.
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_bucket{le="0.5"} 1
latency_seconds_bucket{le="1.0"} 2
latency_seconds_bucket{le="100.0"} 2
latency_seconds_bucket{le="+Inf"} 3
latency_seconds_sum 1001.25
latency_seconds_count 3
# EOF
)");
}

TEST(Text, Numbers) {
  const auto number = [](auto value) {
    std::string out;
    text::append_number(out, value);
    return out;
  };
  EXPECT_EQ(number(std::uint64_t{18446744073709551615u}), "18446744073709551615");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e6), "1000000");
  EXPECT_EQ(number(-0.5), "-0.5");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(std::nan("")), "NaN");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
}

}  // namespace
}  // namespace weir
