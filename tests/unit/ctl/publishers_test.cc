#include "ctl/publishers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "ctl/options.h"

namespace weir::ctl {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'800'000'000'000;

TEST(PublishersTest, TheLivingComeFirstInAlignedColumns) {
  PublishersReport report;
  report.publishers = {{.node = "n",
                        .service = "b",
                        .instance = "0123456789abcdef0123456789abcdef",
                        .state = "crashed",
                        .state_since_unix_ms = kNow - 5'000,
                        .last_seen_unix_ms = kNow - 6'000,
                        .restarts = 2,
                        .series = 10,
                        .last_refusal = "bad\x1bname",
                        .last_refusal_unix_ms = kNow - 61'000},
                       {.node = "n",
                        .service = "checkout",
                        .instance = "fedcba98",
                        .state = "up",
                        .state_since_unix_ms = kNow - 5'000,
                        .last_seen_unix_ms = kNow,
                        .series = 1234}};
  EXPECT_EQ(
      publishers_table(report, kNow),
      "SERVICE   INSTANCE  STATE    SINCE  RESTARTS  SERIES  LAST SEEN  LAST REFUSAL\n"
      "checkout  fedcba98  up       5s     0         1234    0s         -\n"
      "b         01234567  crashed  5s     2         10      6s         1m01s ago: bad?name\n");
}

TEST(PublishersTest, TheNodeIsAColumnWhereThereIsMoreThanOne) {
  PublishersReport report;
  report.publishers = {{.node = "n1", .service = "a"}, {.node = "n2", .service = "a"}};
  EXPECT_THAT(publishers_table(report, kNow), HasSubstr("NODE  SERVICE"));
  EXPECT_EQ(publishers_table({}, kNow), "no publishers\n");
}

TEST(SidecarApiTest, UnknownAndMissingMembersAreHarmless) {
  const auto report = parse_publishers(
      R"({"publishers":[{"service":"a","series":3,"since":null,"since_unix_ms":null,"new":{},)"
      R"("last_refusal":{"text":"why","at_unix_ms":9}},7],"services":[{"crash_loop":true}],)"
      R"("refusals":[{"reason":"malformed","at_unix_ms":5}]})");
  ASSERT_TRUE(report.ok()) << report.reason();
  ASSERT_EQ(report->publishers.size(), 1u);
  EXPECT_EQ(report->publishers[0].series, 3u);
  EXPECT_EQ(report->publishers[0].state_since_unix_ms, 0);
  EXPECT_EQ(report->publishers[0].last_refusal, "why");
  EXPECT_EQ(report->publishers[0].last_refusal_unix_ms, 9);
  EXPECT_TRUE(report->services[0].crash_loop);
  EXPECT_EQ(report->refusals[0].reason, "malformed");
  EXPECT_EQ(report->refusals[0].unix_ms, 5);
  EXPECT_TRUE(parse_status("{}").ok());
}

TEST(SidecarApiTest, SomethingElseThanASidecarIsNamed) {
  EXPECT_EQ(parse_status("<html>").reason(),
            "/api/v1/status is not a JSON object: is this a weir-sidecar?");
}

Parsed parse(std::vector<const char*> arguments, std::string* out, std::string* err) {
  arguments.insert(arguments.begin(), "weirctl");
  std::ostringstream out_stream;
  std::ostringstream err_stream;
  Parsed parsed = parse_command_line(static_cast<int>(arguments.size()), arguments.data(),
                                     out_stream, err_stream);
  *out = out_stream.str();
  *err = err_stream.str();
  return parsed;
}

TEST(CommandLineTest, OptionsStandBeforeOrAfterTheCommand) {
  std::string out, err;
  const auto parsed =
      parse({"--url", "http://a", "publishers", "--json", "--nats.url", "nats://b"}, &out, &err);
  ASSERT_TRUE(parsed.options) << err;
  EXPECT_EQ(parsed.options->command, Command::kPublishers);
  EXPECT_TRUE(parsed.options->json);
  EXPECT_EQ(parsed.options->http_url, "http://a");
  EXPECT_EQ(parsed.options->nats.url, "nats://b");
}

TEST(CommandLineTest, HelpAndVersionAreZeroMistakesAre64) {
  std::string out, err;
  EXPECT_EQ(parse({"--version"}, &out, &err).exit_code, 0);
  EXPECT_THAT(out, HasSubstr("weirctl "));
  EXPECT_EQ(parse({"doctor", "--help"}, &out, &err).exit_code, 0);
  EXPECT_THAT(out, HasSubstr("Exit code: 0"));
  EXPECT_EQ(parse({"doctr"}, &out, &err).exit_code, 64);
  EXPECT_THAT(err, HasSubstr("doctr"));
  EXPECT_EQ(parse({}, &out, &err).exit_code, 64);
}

}  // namespace
}  // namespace weir::ctl
