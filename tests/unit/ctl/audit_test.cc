// The audit against a fake sidecar and a fake bus: it finds what is missing, and says when it could
// not look.
#include "ctl/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/frames.h"

namespace weir::ctl {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// A bus on which publishers answer, at once or never, and a clock that listening moves.
class FakeFeed : public FrameFeed {
 public:
  std::span<const std::uint8_t> next(milliseconds at_most) override {
    if (frames.empty()) {
      now += at_most;
      return {};
    }
    current_ = std::move(frames.front());
    frames.pop_front();
    return current_;
  }
  Status ask_for_keyframes(milliseconds) override {
    ++asked;
    if (!refusal.empty()) {
      return Status::error(refusal);
    }
    for (TestPublisher* publisher : answering) {
      publisher->keyframe();
      while (!publisher->made.empty()) {
        if (!lose_next) {
          frames.push_back(publisher->made.front());
        }
        lose_next = false;
        publisher->made.pop_front();
      }
    }
    return {};
  }

  std::vector<TestPublisher*> answering;
  std::deque<Bytes> frames;
  bool lose_next = false;
  std::string refusal;
  int asked = 0;
  milliseconds now{0};

 private:
  Bytes current_;
};

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    one_counter.inc(10);
    two_counter.inc(3);
  }
  // What the sidecar would say: all that was published, but for `missing`.
  TotalsReport honest(std::uint64_t missing = 0) const {
    TotalsReport report;
    report.instances = {{.instance = one.id(),
                         .node = "n",
                         .service = "shop",
                         .state = "up",
                         .seq = one.seq(),
                         .applied = {{"x_total", 10 - missing}}},
                        {.instance = two.id(),
                         .node = "n",
                         .service = "cart",
                         .state = "up",
                         .seq = two.seq(),
                         .applied = {{"x_total", 3}}}};
    report.families = {{"x_total", 13 - missing}};
    return report;
  }
  AuditFinding run(const TotalsSource& totals) {
    const Result<AuditFinding> finding = audit(
        feed, totals, [this] { return feed.now; }, AuditTiming{});
    EXPECT_TRUE(finding.ok()) << finding.reason();
    return *finding;
  }

  TestPublisher one{1}, two{2, "cart"};
  Counter one_counter = *one.registry.counter({.name = "x_total", .help = "h"});
  Counter two_counter = *two.registry.counter({.name = "x_total", .help = "h"});
  FakeFeed feed;
};

TEST_F(AuditTest, AllIsThere) {
  feed.answering = {&one, &two};
  const AuditFinding finding = run([&] { return honest(); });
  EXPECT_EQ(exit_code(finding), 0);
  EXPECT_EQ(feed.asked, 1);
  EXPECT_EQ(render(finding),
            "FAMILY   INSTANCES  PUBLISHED  AGGREGATED  DIFFERENCE\n"
            "x_total  2          13         13          0\n"
            "total    2          13         13          0\n"
            "2 instances answered\n");
}

TEST_F(AuditTest, WhatTheSidecarLacksIsADifferenceWithItsInstance) {
  feed.answering = {&one, &two};
  const AuditFinding finding = run([&] { return honest(4); });
  EXPECT_EQ(exit_code(finding), 1);
  EXPECT_EQ(feed.asked, 3) << "it was worth another look";
  EXPECT_EQ(finding.rows[0].difference(), -4);
  EXPECT_THAT(render(finding),
              HasSubstr("differs: shop " + one.id() + " x_total: published 10, applied 6"));
}

TEST_F(AuditTest, ADifferenceThatHealsIsNone) {
  feed.answering = {&one, &two};
  int looks = 0;
  const AuditFinding finding = run([&] { return honest(++looks < 3 ? 4 : 0); });
  EXPECT_EQ(exit_code(finding), 0);
}

TEST_F(AuditTest, AnAggregateThatIsNotTheSumOfItsPartsIsADifference) {
  feed.answering = {&one, &two};
  const AuditFinding finding = run([&] {
    TotalsReport report = honest();
    report.families["x_total"] += 2;
    return report;
  });
  EXPECT_EQ(exit_code(finding), 1);
  EXPECT_EQ(finding.rows[0].difference(), 2);
  EXPECT_TRUE(finding.mismatches.empty());
}

TEST_F(AuditTest, EndedAndForgottenInstancesBelongToTheSum) {
  feed.answering = {&one, &two};
  const AuditFinding finding = run([&] {
    TotalsReport report = honest();
    report.instances.push_back(
        {.instance = "dead", .service = "shop", .state = "crashed", .applied = {{"x_total", 100}}});
    report.instances.push_back(
        {.instance = "away", .service = "shop", .state = "lost", .applied = {{"y_total", 7}}});
    report.retired = {{"x_total", 1000}};
    report.families = {{"x_total", 1113}, {"y_total", 7}};
    return report;
  });
  EXPECT_EQ(exit_code(finding), 0);
  EXPECT_EQ(finding.rows[0].instances, 3u);
  EXPECT_THAT(render(finding), HasSubstr("2 instances answered, 1 ended before, 1000 increments"));
  EXPECT_THAT(render(finding), HasSubstr("lost, so the sidecar's word is taken: shop away"));
}

TEST_F(AuditTest, WhoLivesAndDoesNotAnswerIsNamed) {
  feed.answering = {&one};
  const AuditFinding finding = run([&] { return honest(); });
  EXPECT_EQ(exit_code(finding), 2);
  EXPECT_EQ(feed.asked, 3);
  EXPECT_THAT(render(finding), HasSubstr("did not answer: cart " + two.id()));
}

TEST_F(AuditTest, AKeyframeThatWasLostIsAskedForAgain) {
  feed.answering = {&one, &two};
  feed.lose_next = true;
  EXPECT_EQ(exit_code(run([&] { return honest(); })), 0);
  EXPECT_EQ(feed.asked, 2);
}

TEST_F(AuditTest, ASidecarThatLagsIsComparedAsOfItsOwnFrame) {
  feed.answering = {&one, &two};
  const AuditFinding finding = run([&] {
    const TotalsReport report = honest();  // as of the keyframe
    one_counter.inc(5);
    one.delta();
    feed.frames.push_back(one.made.front());
    one.made.clear();
    return report;
  });
  EXPECT_EQ(exit_code(finding), 0);
}

TEST_F(AuditTest, APublisherThatTheSidecarDoesNotHaveIsADifference) {
  TestPublisher three{3, "ghost"};
  (*three.registry.counter({.name = "x_total", .help = "h"})).inc(50);
  feed.answering = {&one, &two, &three};
  const AuditFinding finding = run([&] { return honest(); });
  EXPECT_EQ(exit_code(finding), 1);
  EXPECT_THAT(render(finding), HasSubstr("the sidecar does not have it: ghost " + three.id()));
}

TEST_F(AuditTest, NobodyThereIsNoDifference) {
  const AuditFinding finding = run([] { return TotalsReport{}; });
  EXPECT_EQ(exit_code(finding), 0);
  EXPECT_THAT(render(finding), HasSubstr("0 instances answered"));
}

TEST_F(AuditTest, WhatCanNotBeAskedIsAnError) {
  const auto clock = [this] { return feed.now; };
  EXPECT_EQ(audit(feed, [] { return Status::error("404"); }, clock, {}).reason(), "404");
  feed.refusal = "not permitted";
  EXPECT_EQ(audit(feed, [] { return TotalsReport{}; }, clock, {}).reason(), "not permitted");
}

TEST_F(AuditTest, NamesFromTheNetworkDoNotReachTheTerminal) {
  AuditFinding finding;
  finding.rows = {{.family = "x\x1b[2J"}};
  finding.unanswered.assign(100, "a\x1b");
  const std::string text = render(finding);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("... and 80 more"));
}

TEST(TotalsApiTest, ReadsWhatTheSidecarSays) {
  const auto report = parse_totals(
      R"({"instances":[{"instance":"ab","node":"n","service":"s","state":"up","seq":7,)"
      R"("increments_published":5,"increments_applied":5,"increments_refused":1,)"
      R"("families":[{"name":"x_total","total":18446744073709551615}]}],)"
      R"("retired":[{"name":"x_total","total":2}],"families":[{"name":"x_total","total":1}]})");
  ASSERT_TRUE(report.ok()) << report.reason();
  ASSERT_EQ(report->instances.size(), 1u);
  EXPECT_EQ(report->instances[0].seq, 7u);
  EXPECT_EQ(report->instances[0].increments_refused, 1u);
  EXPECT_EQ(report->instances[0].applied.at("x_total"), ~std::uint64_t{0});
  EXPECT_EQ(report->retired.at("x_total"), 2u);
  EXPECT_EQ(report->families.at("x_total"), 1u);
}

TEST(TotalsApiTest, WhatIsNoAnswerIsAnError) {
  EXPECT_FALSE(parse_totals("").ok());
  EXPECT_FALSE(parse_totals("[]").ok());
  EXPECT_THAT(parse_totals("{}").reason(), HasSubstr("instances"));
  EXPECT_THAT(parse_totals(R"({"instances":[],"retired":[]})").reason(), HasSubstr("families"));
  EXPECT_TRUE(parse_totals(R"({"instances":[1,{}],"retired":[],"families":[{"name":3}]})").ok());
}

}  // namespace
}  // namespace weir::ctl
