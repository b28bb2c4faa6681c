// The text of a scrape: formats, negotiation, filters, compression.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <limits>

#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

using testing::HasSubstr;
using testing::Not;

struct ExpositionTest : testing::Test, CoreFixture {
  ExpositionTest() { options.zero_first = false; }
  FramePublisher shop{*this, "shop", 1};
  std::vector<double> bounds{0.1, 1, 1e6};

  void publish_one_of_each() {
    const auto orders = shop.series(shop.family({.name = "orders_total",
                                                 .help = "Orders \"taken\"\nback\\slash.",
                                                 .label_names = {"kind"}}),
                                    {"a\"b\\c\nd"});
    const auto joules = shop.series(shop.family({.name = "energy_joules_total", .unit = "joules"}));
    const auto odd = shop.series(shop.family({.name = "legacy_count"}));
    const auto load = shop.series(shop.family({.name = "load", .type = wire::Type::kGauge}));
    const auto wait = shop.series(
        shop.family({.name = "wait_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
    shop.set(orders, 3).set_double(joules, 0.5).set(odd, 1);
    shop.set_gauge(load, -std::numeric_limits<double>::infinity());
    shop.set_histogram(wait, {1, 2, 0, 1}, 7.25).keyframe();
  }
  std::string shown(Format format, Selection selection = {.names = {}, .collects = {"shop"}}) {
    return engine().metrics(format, selection);
  }
};

constexpr const char* kSamples[] = {
    "energy_joules_total{service_name=\"shop\"} 0.5\n", "legacy_count{service_name=\"shop\"} 1\n",
    "load{service_name=\"shop\"} -Inf\n",
    "orders_total{kind=\"a\\\"b\\\\c\\nd\",service_name=\"shop\"} 3\n",
    "wait_seconds_bucket{service_name=\"shop\",le=\"0.1\"} 1\n"
    "wait_seconds_bucket{service_name=\"shop\",le=\"1.0\"} 3\n"
    "wait_seconds_bucket{service_name=\"shop\",le=\"1e+06\"} 3\n"
    "wait_seconds_bucket{service_name=\"shop\",le=\"+Inf\"} 4\n"
    "wait_seconds_sum{service_name=\"shop\"} 7.25\n"
    "wait_seconds_count{service_name=\"shop\"} 4\n"};

TEST_F(ExpositionTest, ThePrometheusTextIsAsTheFormatSays) {
  publish_one_of_each();
  EXPECT_EQ(shown(Format::kPrometheusText),
            std::string("# TYPE energy_joules_total counter\n") + kSamples[0] +
                "# TYPE legacy_count counter\n" + kSamples[1] + "# TYPE load gauge\n" +
                kSamples[2] +
                "# HELP orders_total Orders \"taken\"\\nback\\\\slash.\n"
                "# TYPE orders_total counter\n" +
                kSamples[3] + "# TYPE wait_seconds histogram\n" + kSamples[4]);
}

TEST_F(ExpositionTest, OpenMetricsDiffersInMetadataAlone) {
  publish_one_of_each();
  EXPECT_EQ(shown(Format::kOpenMetrics),
            std::string("# TYPE energy_joules counter\n# UNIT energy_joules joules\n") +
                kSamples[0] + "# TYPE legacy_count unknown\n" + kSamples[1] +
                "# TYPE load gauge\n" + kSamples[2] +
                "# HELP orders Orders \\\"taken\\\"\\nback\\\\slash.\n"
                "# TYPE orders counter\n" +
                kSamples[3] + "# TYPE wait_seconds histogram\n" + kSamples[4] + "# EOF\n");
}

TEST_F(ExpositionTest, CreatedTimesAreShownOnRequestInOpenMetricsAlone) {
  options.render.created = true;
  shop.set(shop.counter("orders_total"), 3).keyframe();
  EXPECT_THAT(shown(Format::kOpenMetrics),
              HasSubstr("orders_total{service_name=\"shop\"} 3\n"
                        "orders_created{service_name=\"shop\"} 1700000000\n"));
  EXPECT_THAT(shown(Format::kPrometheusText), Not(HasSubstr("_created")));
}

TEST_F(ExpositionTest, FiltersChooseByNameServiceAndGroup) {
  publish_one_of_each();
  FramePublisher node(*this, "weir-collector", 2);
  node.service_label = false;
  const wire::FamilyView cpu{.name = "node_load1", .type = wire::Type::kGauge, .group = "load"};
  node.set_gauge(node.series(node.family(cpu)), 1).keyframe();
  const auto names = [&](Selection selection) { return shown(Format::kPrometheusText, selection); };
  EXPECT_THAT(names({.names = {"load"}, .collects = {}}), HasSubstr("# TYPE load gauge"));
  EXPECT_THAT(names({.names = {"load"}, .collects = {}}), Not(HasSubstr("node_load1")));
  EXPECT_THAT(names({.names = {"wait_seconds_bucket"}, .collects = {}}),
              HasSubstr("wait_seconds_count"));
  EXPECT_THAT(names({.names = {"node_*"}, .collects = {}}), HasSubstr("node_load1 1\n"));
  EXPECT_THAT(names({.names = {}, .collects = {"load"}}), HasSubstr("node_load1 1\n"));
  EXPECT_EQ(names({.names = {"orders_total"}, .collects = {"load"}}), "");
  EXPECT_THAT(names({}), HasSubstr("weir_build_info"));
}

TEST(Negotiation, TakesTheBestFormatThatIsNamed) {
  // As Prometheus 2.42 sends it.
  EXPECT_EQ(negotiate_format("application/openmetrics-text;version=1.0.0,"
                             "application/openmetrics-text;version=0.0.1;q=0.75,"
                             "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            Format::kOpenMetrics);
  EXPECT_EQ(negotiate_format(""), Format::kPrometheusText);
  EXPECT_EQ(negotiate_format("*/*"), Format::kPrometheusText);
  EXPECT_EQ(negotiate_format("text/html, image/*"), Format::kPrometheusText);
  EXPECT_EQ(negotiate_format("application/openmetrics-text; q=0, text/plain; q=0.1"),
            Format::kPrometheusText);
  EXPECT_EQ(negotiate_format("application/openmetrics-text;version=9.0.0"),
            Format::kPrometheusText);
  EXPECT_EQ(negotiate_format(";;;,,q=,="), Format::kPrometheusText);
}

TEST(Negotiation, GzipOnlyForThoseWhoTakeIt) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("identity"));
  EXPECT_FALSE(accepts_gzip(""));
}

std::string unpacked(const std::string& packed, std::size_t size) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u) << "one member, nothing behind it";
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, IsOneMemberThatUnpacksToTheSame) {
  for (const std::size_t lines : {0u, 1u, 100'000u}) {
    std::string body;
    for (std::size_t i = 0; i < lines; ++i) {
      body += "orders_total{kind=\"" + std::to_string(i) + "\"} " + std::to_string(i * i) + "\n";
    }
    EXPECT_EQ(unpacked(gzip(body), body.size()), body);
  }
}

}  // namespace
}  // namespace weir::sidecar
