#include "ctl/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace weir::ctl {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'800'000'000'000;

Findings healthy() {
  Findings findings;
  findings.node = "web-1";
  findings.nats_address = {"nats://127.0.0.1:4222", "the default"};
  findings.nats.connected = true;
  findings.nats.url = "nats://127.0.0.1:4222";
  findings.nats.serves = Serves::kYes;
  findings.http_address = {"http://127.0.0.1:9742", "the default"};
  findings.asked_unix_ms = kNow;
  findings.answered_unix_ms = kNow + 3;
  findings.status = SidecarStatus{.version = "0.1.0",
                                  .node = "web-1",
                                  .now_unix_ms = kNow + 1,
                                  .started_unix_ms = kNow - 60'000,
                                  .recovered = true,
                                  .nats_connected = true};
  findings.publishers = PublishersReport{};
  findings.publishers->publishers.push_back(
      {.node = "web-1", .service = "checkout", .state = "up", .last_seen_unix_ms = kNow});
  return findings;
}

Check check_named(const Findings& findings, const std::string& name) {
  const auto checks = diagnose(findings);
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [&](const Check& check) { return check.name == name; });
  return found == checks.end() ? Check{Verdict::kOk, "missing: " + name, "", ""} : *found;
}

TEST(DoctorTest, AllWellIsExitCodeZeroAndNoAdvice) {
  const auto checks = diagnose(healthy());
  EXPECT_EQ(exit_code(checks), 0) << render(checks);
  EXPECT_EQ(checks.size(), 7u);
  EXPECT_THAT(render(checks), ::testing::Not(HasSubstr("->")));
  EXPECT_THAT(render(checks), HasSubstr("ok    publishers 1 publisher: checkout\n"));
}

TEST(DoctorTest, NoNatsIsAFailureThatNamesTheAddressAndItsSource) {
  Findings findings = healthy();
  findings.nats.connected = false;
  findings.nats.serves = Serves::kUnknown;
  findings.nats.error = "connection refused";
  const Check check = check_named(findings, "nats");
  EXPECT_EQ(check.verdict, Verdict::kFail);
  EXPECT_EQ(check.finding,
            "cannot connect to nats://127.0.0.1:4222 (from the default): connection refused");
  EXPECT_EQ(check_named(findings, "node").verdict, Verdict::kFail);
  EXPECT_EQ(exit_code(diagnose(findings)), 2);
}

TEST(DoctorTest, NobodyServingTheNodeIsAFailure) {
  Findings findings = healthy();
  findings.nats.serves = Serves::kNobody;
  const Check check = check_named(findings, "node");
  EXPECT_EQ(check.verdict, Verdict::kFail);
  EXPECT_EQ(check.finding, "no sidecar listens for node web-1 on nats://127.0.0.1:4222");
  findings.nats.serves = Serves::kNoAnswer;
  EXPECT_EQ(check_named(findings, "node").verdict, Verdict::kWarn);
}

TEST(DoctorTest, WithoutTheSidecarThereIsNothingToSayAboutPublishers) {
  Findings findings = healthy();
  findings.status.reset();
  findings.publishers.reset();
  findings.http_error = "GET http://127.0.0.1:9742/api/v1/status: cannot connect: refused";
  EXPECT_EQ(check_named(findings, "sidecar").verdict, Verdict::kFail);
  EXPECT_EQ(diagnose(findings).size(), 5u);
}

TEST(DoctorTest, RecoveryAndDegradationAreWarnings) {
  Findings findings = healthy();
  findings.status->degraded = {"disk full: /var/lib/weir"};
  EXPECT_THAT(check_named(findings, "sidecar").finding,
              HasSubstr("is degraded: disk full: /var/lib/weir"));
  EXPECT_EQ(exit_code(diagnose(findings)), 1);
  findings.status->recovered = false;
  findings.status->recovery = "waiting for 3 of 12 instances";
  EXPECT_THAT(check_named(findings, "sidecar").finding,
              HasSubstr("not ready: recovery: waiting for 3 of 12 instances"));
  findings = healthy();
  findings.status->nats_connected = false;
  EXPECT_EQ(check_named(findings, "sidecar").verdict, Verdict::kFail);
}

TEST(DoctorTest, OnlyWhatLiesOutsideTheRequestCountsAsClockDifference) {
  Findings findings = healthy();
  findings.answered_unix_ms = kNow + 10'000;  // a slow answer is no wrong clock
  findings.status->now_unix_ms = kNow + 9'000;
  EXPECT_EQ(check_named(findings, "clock").verdict, Verdict::kOk);
  findings.status->now_unix_ms = kNow + 15'000;
  EXPECT_EQ(check_named(findings, "clock").finding, "5.0 s behind the sidecar's");
  EXPECT_EQ(check_named(findings, "clock").verdict, Verdict::kWarn);
  findings.status->now_unix_ms = kNow - 3'600'000;
  EXPECT_EQ(check_named(findings, "clock").verdict, Verdict::kFail);
  EXPECT_THAT(check_named(findings, "clock").finding, HasSubstr("ahead of"));
}

TEST(DoctorTest, AClockThatWasNeverSetIsAFailure) {
  Findings findings = healthy();
  findings.asked_unix_ms = findings.answered_unix_ms = 1000;
  findings.status->now_unix_ms = 1000;
  EXPECT_EQ(check_named(findings, "clock").verdict, Verdict::kFail);
}

TEST(DoctorTest, PublishersAreCountedByServiceAndTheGoneAreNamed) {
  Findings findings = healthy();
  auto& publishers = findings.publishers->publishers;
  publishers.push_back({.service = "checkout", .state = "up"});
  publishers.push_back({.service = "checkout", .state = "crashed"});  // came back: no worry
  publishers.push_back({.service = "clean", .state = "exited"});
  EXPECT_EQ(check_named(findings, "publishers").finding, "2 publishers: checkout x2");
  EXPECT_EQ(check_named(findings, "publishers").verdict, Verdict::kOk);
  publishers.push_back(
      {.service = "cart", .state = "lost", .last_seen_unix_ms = kNow + 1 - 192'000});
  EXPECT_EQ(check_named(findings, "publishers").finding,
            "2 publishers: checkout x2; gone: cart (lost, seen 3m12s ago)");
  findings.publishers->services.push_back({.service = "checkout", .crash_loop = true});
  EXPECT_THAT(check_named(findings, "publishers").finding, HasSubstr("crash loop: checkout"));
  findings.publishers = PublishersReport{};
  EXPECT_EQ(check_named(findings, "publishers").verdict, Verdict::kWarn);
}

TEST(DoctorTest, AFreshRefusalIsAWarningAnOldOneIsHistory) {
  Findings findings = healthy();
  findings.publishers->refusals = {{.unix_ms = kNow - 4'000,
                                    .subject = "weir.v1.pub.web-1.x.y",
                                    .reason = "bad_name",
                                    .detail = "metric name \"9x\": begins with a digit"}};
  const Check check = check_named(findings, "refusals");
  EXPECT_EQ(check.verdict, Verdict::kWarn);
  EXPECT_EQ(check.finding,
            "last 4s ago on weir.v1.pub.web-1.x.y: bad_name: metric name \"9x\": begins with a "
            "digit");
  findings.publishers->refusals[0].unix_ms = kNow - 2 * 3600'000;
  EXPECT_EQ(check_named(findings, "refusals").verdict, Verdict::kOk);
}

}  // namespace
}  // namespace weir::ctl
