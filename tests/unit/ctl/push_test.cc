// From words or text to what is published; mistakes are named. The rest of push is in
// tests/integration.
#include "ctl/push.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "ctl/commands.h"

namespace weir::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string text_of(std::string_view pushed) {
  Registry registry;
  const auto families = parse_metrics_text(pushed);
  EXPECT_TRUE(families.ok()) << families.reason();
  const Status filled = fill_registry(*families, 1h, registry);
  return filled.ok() ? registry.text() : filled.reason();
}

TEST(PushTest, ValuesArriveAsTheyWereWritten) {
  EXPECT_EQ(text_of("# TYPE done_total counter\n# HELP done_total Done.\ndone_total "
                    "9007199254740993\nsize_bytes{disk=\"a\"} 0.5\nsize_bytes{host=\"b\"} NaN\n"),
            "# HELP done_total Done.\n# TYPE done_total counter\ndone_total 9007199254740993\n"
            "# HELP size_bytes Pushed by weirctl.\n# TYPE size_bytes gauge\n"
            "size_bytes{disk=\"a\",host=\"\"} 0.5\nsize_bytes{disk=\"\",host=\"b\"} NaN\n");
  EXPECT_THAT(text_of("# TYPE a_total counter\na_total 1.5\n"), HasSubstr("a_total 1.5"));
}

TEST(PushTest, WhatTheRegistryRefusesIsNamedWithItsLine) {
  EXPECT_THAT(text_of("a 1\n# TYPE b counter\nb 1\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("_total")));
  EXPECT_THAT(text_of("a_total 1\n"), AllOf(HasSubstr("line 1"), HasSubstr("_total")));
  EXPECT_THAT(text_of("a{__x=\"1\"} 1\n"), AllOf(HasSubstr("line 1"), HasSubstr("__x")));
  EXPECT_THAT(text_of("a 1\nb{x=\"1\"} 1\nb{x=\"\xff\"} 1\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("UTF-8")));
  EXPECT_THAT(text_of("b{x=\"" + std::string(2000, 'x') + "\"} 1\n"), HasSubstr("line 1"));
}

TEST(PushTest, WordsAreOneSample) {
  PushOptions options{.service = "s", .help = "Help.", .words = {"a_bytes", "-5", "x=1", "y=a=b"}};
  auto families = parse_push_words(options);
  ASSERT_TRUE(families.ok()) << families.reason();
  const PushSample& sample = (*families)[0].samples[0];
  EXPECT_EQ(sample.value, -5);
  EXPECT_EQ(sample.labels.at("y"), "a=b");
  EXPECT_EQ((*families)[0].help, "Help.");

  const auto why = [&](std::vector<std::string> words) {
    options.words = std::move(words);
    return parse_push_words(options).reason();
  };
  EXPECT_THAT(why({"a"}), HasSubstr("NAME VALUE"));
  EXPECT_THAT(why({"9", "1"}), HasSubstr("no metric name"));
  EXPECT_THAT(why({"a", "b"}), HasSubstr("no number"));
  EXPECT_THAT(why({"a", "1", "b"}), HasSubstr("not label=value"));
  EXPECT_THAT(why({"a", "1", "=b"}), HasSubstr("not label=value"));
  EXPECT_THAT(why({"a", "1", "b=1", "b=2"}), HasSubstr("twice"));
  options.type = PushType::kCounter;
  EXPECT_THAT(why({"a_total", "-1"}), HasSubstr("not negative"));
}

struct Line {
  explicit Line(std::vector<const char*> words) {
    words.insert(words.begin(), "weirctl");
    parsed = parse_command_line(static_cast<int>(words.size()), words.data(), out, err);
  }
  std::ostringstream out, err;
  Parsed parsed;
};

TEST(PushTest, TheCommandLineSaysAll) {
  const Line line({"push", "--service", "backup", "--hold", "25h", "--type", "counter",
                   "--describe", "Runs.", "runs_total", "3", "host=a"});
  ASSERT_TRUE(line.parsed.options) << line.err.str();
  const PushOptions& push = line.parsed.options->push;
  EXPECT_EQ(line.parsed.options->command, Command::kPush);
  EXPECT_EQ(push.service, "backup");
  EXPECT_EQ(push.hold, 25h);
  EXPECT_EQ(push.type, PushType::kCounter);
  EXPECT_EQ(push.words, (std::vector<std::string>{"runs_total", "3", "host=a"}));
  const Line negative({"push", "--service", "x", "a_celsius", "-5"});
  ASSERT_TRUE(negative.parsed.options) << negative.err.str();
  EXPECT_EQ(negative.parsed.options->push.words.at(1), "-5");
  const Line infinite({"push", "--service", "x", "--", "a_celsius", "-Inf"});
  ASSERT_TRUE(infinite.parsed.options) << infinite.err.str();
  EXPECT_EQ(infinite.parsed.options->push.words.at(1), "-Inf");
}

TEST(PushTest, MistakesInTheCommandLineAreNamed) {
  const std::pair<std::vector<const char*>, const char*> cases[] = {
      {{"push", "a", "1"}, "--service"},
      {{"push", "--service", "x", "--hold", "25 h", "a", "1"}, "duration"},
      {{"push", "--service", "x", "--hold", "-1h", "a", "1"}, "duration"},
      {{"push", "--service", "x", "--type", "histogram", "a", "1"}, "histogram"},
  };
  for (const auto& [words, reason] : cases) {
    const Line line(words);
    EXPECT_FALSE(line.parsed.options);
    EXPECT_EQ(line.parsed.exit_code, 64);
    EXPECT_THAT(line.err.str(), HasSubstr(reason));
  }
}

TEST(PushTest, BadInputEndsItBeforeAnythingIsSent) {
  Options options;
  options.push.service = "backup";
  const auto nothing = [](const std::string&) -> std::optional<std::string> { return {}; };
  std::ostringstream err;
  std::istringstream text("a 1\nb two\n");
  EXPECT_EQ(run_push(options, nothing, text, err), 65);
  EXPECT_THAT(err.str(), AllOf(HasSubstr("line 2"), HasSubstr("two")));
  options.push.words = {"a"};
  EXPECT_EQ(run_push(options, nothing, text, err), 64);
}

}  // namespace
}  // namespace weir::ctl
