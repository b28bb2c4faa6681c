// What can be pushed is read exactly; what can not is refused with its line and the reason.
#include "ctl/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

namespace weir::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Labels = std::map<std::string, std::string>;

std::string why(std::string_view text) {
  return parse_metrics_text(text).reason();
}

TEST(MetricsTextTest, ReadsGaugesAndCounters) {
  const auto families = parse_metrics_text(
      "# HELP backup_bytes Size of the \\\\last\\n backup.\n"
      "# TYPE backup_bytes gauge\n"
      "backup_bytes{disk=\"a b\",}  1.5e3 \n"
      "backup_bytes { disk = \"x\\\"\\\\\\n\" , part=\"2\" } -4\r\n"
      "\n"
      "# a comment\n"
      "#TYPE backups_total counter\n"
      "\tbackups_total 18446744073709551615\n"
      "plain +Inf\n"
      "# EOF");
  ASSERT_TRUE(families.ok()) << families.reason();
  ASSERT_EQ(families->size(), 3u);
  const PushFamily& bytes = (*families)[0];
  EXPECT_EQ(bytes.name, "backup_bytes");
  EXPECT_EQ(bytes.help, "Size of the \\last\n backup.");
  EXPECT_EQ(bytes.type, PushType::kGauge);
  EXPECT_EQ(bytes.line, 1u);
  ASSERT_EQ(bytes.samples.size(), 2u);
  EXPECT_EQ(bytes.samples[0].labels, (Labels{{"disk", "a b"}}));
  EXPECT_EQ(bytes.samples[0].value, 1500);
  EXPECT_EQ(bytes.samples[0].line, 3u);
  EXPECT_EQ(bytes.samples[1].labels, (Labels{{"disk", "x\"\\\n"}, {"part", "2"}}));
  EXPECT_EQ(bytes.samples[1].value, -4);
  EXPECT_EQ((*families)[1].type, PushType::kCounter);
  EXPECT_TRUE((*families)[1].samples[0].is_integer);
  EXPECT_EQ((*families)[1].samples[0].integer, ~std::uint64_t{0});
  EXPECT_EQ((*families)[2].type, PushType::kGauge);
  EXPECT_TRUE(std::isinf((*families)[2].samples[0].value));
}

TEST(MetricsTextTest, NamesTheLineAndTheReason) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"a 1\n9x 1\n", "line 2", "does not begin with a metric name"},
      {"a-b 1\n", "line 1", "metric name"},
      {"a\n", "line 1", "a has no value"},
      {"a{b=\"c\"}\n", "line 1", "no value"},
      {"a 1 1700000000000\n", "line 1", "timestamp"},
      {"a one\n", "line 1", "\"one\" is no number"},
      {"a 0x10\n", "line 1", "no number"},
      {"a inf\n", "line 1", "no number"},
      {"a nan\n", "line 1", "no number"},
      {"a 1e999\n", "line 1", "no number"},
      {"a +-1\n", "line 1", "no number"},
      {"a 1,5\n", "line 1", "no number"},
      {"a{b=\"c\" 1\n", "line 1", "expected"},
      {"a{b=\"c\n", "line 1", "closing quote"},
      {"a{b=c} 1\n", "line 1", "not in quotes"},
      {"a{b} 1\n", "line 1", "expected name"},
      {"a{b=\"1\" c=\"2\"} 1\n", "line 1", "expected ,"},
      {"a{9=\"1\"} 1\n", "line 1", "expected name"},
      {"a{b:c=\"1\"} 1\n", "line 1", "expected name"},
      {"a{,} 1\n", "line 1", "expected name"},
      {"a{b=\"1\",b=\"2\"} 1\n", "line 1", "label b stands twice"},
      {"a{b=\"\\x\"} 1\n", "line 1", "escape"},
      {"a{b=\"\\", "line 1", "escape"},
      {"a{", "line 1", "expected"},
      {"a 1\n\na 2\n", "line 3", "same series a second time"},
      {"# TYPE a histogram\n", "line 1", "only gauge and counter"},
      {"# TYPE a summary\na 1\n", "line 1", "only gauge and counter"},
      {"# TYPE a\na 1\n", "line 1", "only gauge and counter"},
      {"# TYPE 9 gauge\n", "line 1", "no metric name"},
      {"a 1\n# TYPE a counter\n", "line 2", "after its first sample"},
      {"# TYPE a gauge\n# TYPE a gauge\na 1\n", "line 2", "a second TYPE"},
      {"# HELP a x\n# HELP a y\na 1\n", "line 2", "a second HELP"},
      {"# HELP a x\\t\n", "line 1", "escape"},
      {"# TYPE a counter\na -1\n", "line 2", "not negative"},
      {"# TYPE a counter\na NaN\n", "line 2", "finite"},
      {"", "no samples", ""},
      {"# TYPE a gauge\n", "no samples", ""},
  };
  for (const auto& [text, line, reason] : cases) {
    EXPECT_THAT(why(text), AllOf(HasSubstr(line), HasSubstr(reason))) << text;
  }
}

TEST(MetricsTextTest, HostileBytesDoNotReachTheTerminal) {
  const std::string line = "\x1b[2J" + std::string(100'000, 'x');
  const std::string reason = why(line);
  EXPECT_EQ(reason.find('\x1b'), std::string::npos);
  EXPECT_LT(reason.size(), 200u);
  EXPECT_THAT(why(std::string("a{b=\"\x00\x01\"} \xff 1", 13)), HasSubstr("line 1"));
}

TEST(MetricsTextTest, HasLimits) {
  EXPECT_THAT(why(std::string(kTextBytesMax + 1, '\n')), HasSubstr("bytes"));
  std::string text;
  for (std::size_t i = 0; i <= kSamplesMax; ++i) {
    text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  }
  EXPECT_THAT(why(text), HasSubstr("samples"));
}

// Whatever the bytes, an answer: cut and changed everywhere, in the shape of the format.
TEST(MetricsTextTest, SurvivesDamage) {
  const std::string good =
      "# HELP a h\\n\n# TYPE a gauge\na{b=\"c\\\"\",d=\"e\"} 1.5\n# TYPE f_total counter\nf_total "
      "3\n";
  ASSERT_TRUE(parse_metrics_text(good).ok());
  for (std::size_t at = 0; at < good.size(); ++at) {
    (void)parse_metrics_text(good.substr(0, at));
    for (const char c : {'\0', '"', '\\', '{', '}', '\n', '#', ' ', '=', ',', '\x80'}) {
      std::string damaged = good;
      damaged[at] = c;
      (void)parse_metrics_text(damaged);
    }
  }
}

}  // namespace
}  // namespace weir::ctl
