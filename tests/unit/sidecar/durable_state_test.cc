// What outlives the sidecar: totals of all kinds, goodbyes, retired ones, what was shown.
#include "durable_fixture.h"

namespace weir::sidecar {
namespace {

using DurableStateTest = DurableTest;

TEST_F(DurableStateTest, WhatWasShownIsThereAfterTheDeathOfTheSidecar) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
  publisher.set(id, 9).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "9");
  const Recovery recovery = restart();
  EXPECT_TRUE(recovery.proven);
  EXPECT_FALSE(ready());  // the living have not spoken
  publisher.set(id, 12).keyframe();
  EXPECT_TRUE(ready() || (pass(1), ready()));
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "12");
}

TEST_F(DurableStateTest, ThoseWhoDoNotSpeakAreWaitedForNoLongerThanTheTimeout) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
  restart();
  EXPECT_EQ(engine().status().recovery,
            "waiting for 1 of 1 publishers to say what they have counted");
  pass(9'999);
  EXPECT_FALSE(ready());
  pass(1);
  EXPECT_TRUE(ready());
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");  // nothing shown is missing
}

TEST_F(DurableStateTest, AGoodbyeIsAnsweredOnlyWhenItIsSynced) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  publisher.set(id, 7).goodbye();
  EXPECT_EQ(acks(), 0U);
  const std::uint64_t syncs = storage.syncs;
  EXPECT_TRUE(engine().commit());
  EXPECT_EQ(acks(), 1U);
  EXPECT_EQ(storage.syncs, syncs + 1);
  lose_power();
  const Recovery recovery = restart();
  EXPECT_FALSE(recovery.proven);
  EXPECT_TRUE(ready());  // nobody is alive
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "7");
  publisher.set(id, 9).goodbye();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "9");
}

TEST_F(DurableStateTest, AGoodbyeThatWaitsForACheckpointIsAnsweredByIt) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  publisher.goodbye();
  pass(30'000);
  engine().keep();
  EXPECT_EQ(acks(), 1U);
}

TEST_F(DurableStateTest, AllKindsOfTotalsComeBackExactly) {
  restart();
  FramePublisher publisher(*this, "svc");
  const double bounds[] = {1, 2};
  const auto histogram = publisher.series(
      publisher.family({.name = "took_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
  const auto labelled = publisher.series(
      publisher.family({.name = "odd_total", .label_names = {"a", "b"}}), {"x\"y\\z\n", ""});
  const auto seconds = publisher.counter("spent_seconds_total");
  const auto large = publisher.counter("large_total");
  publisher.set(labelled, 3).set(large, (1ull << 60) + 1).set_double(seconds, 0.1);
  publisher.set_histogram(histogram, {1, 2, 3}, 7.5);
  publisher.keyframe();
  const std::string before =
      text({.names = {"took_seconds", "odd_total", "spent_seconds_total", "large_total"}});
  EXPECT_NE(before.find("1152921504606846977"), std::string::npos);
  restart();
  pass(10'000);
  EXPECT_EQ(text({.names = {"took_seconds", "odd_total", "spent_seconds_total", "large_total"}}),
            before);
}

TEST_F(DurableStateTest, RemovedSeriesStayHiddenAndComeBackWithTheirTotal) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto kept = publisher.counter("kept_total");
  const auto gone = publisher.counter("gone_total");
  publisher.set(kept, 1).set(gone, 5).keyframe();
  publisher.remove(gone).delta();
  (void)text();
  restart();
  pass(10'000);
  EXPECT_EQ(value("gone_total{service_name=\"svc\"}"), "absent");
  EXPECT_EQ(value("kept_total{service_name=\"svc\"}"), "1");
}

TEST_F(DurableStateTest, RetiredTotalsAreCountedOnceOverManyLives) {
  options.series_ttl_ms = 365ll * 24 * 3'600'000;
  for (int life = 0; life < 4; ++life) {
    restart(life % 2 == 1);
    pass(10'000);
    FramePublisher publisher(*this, "svc");
    const auto id = publisher.counter("work_total");
    const auto seconds = publisher.counter("spent_seconds_total");
    const double bounds[] = {1};
    const auto histogram = publisher.series(publisher.family(
        {.name = "took_seconds", .type = wire::Type::kHistogram, .bounds = bounds}));
    publisher.set(id, 10).set_double(seconds, 0.1).set_histogram(histogram, {1, 1}, 0.1);
    publisher.keyframe();
    publisher.set(id, 11).goodbye();
    engine().commit();
    EXPECT_EQ(value("work_total{service_name=\"svc\"}"), std::to_string(11 * (life + 1)));
    EXPECT_EQ(value("took_seconds_count{service_name=\"svc\"}"), std::to_string(2 * (life + 1)));
    pass(11 * 60'000);  // no late frame of it can live: its tables go
    engine().keep();
    publisher.set(id, 50).goodbye();
    engine().commit();
    EXPECT_EQ(value("work_total{service_name=\"svc\"}"), std::to_string(11 * (life + 1)));
  }
  const std::string before = value("spent_seconds_total{service_name=\"svc\"}");
  restart();
  EXPECT_EQ(value("spent_seconds_total{service_name=\"svc\"}"), before);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "44");
}

TEST_F(DurableStateTest, TheCheckpointAloneIsEnoughAndCutsTheJournal) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  (void)text();
  pass(30'000);
  engine().keep();
  std::size_t journals = 0;
  for (const auto& [name, content] : storage.files) {
    journals += name.starts_with("journal") ? 1 : 0;
  }
  EXPECT_EQ(journals, 1U);
  lose_power();
  restart();
  publisher.set(id, 6).keyframe();
  pass(1);
  EXPECT_TRUE(ready()) << "nobody else is waited for";
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "6");  // it spoke: no restart
  publisher.set(id, 8).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "8");
}

TEST_F(DurableStateTest, HeldGaugesOutliveTheSidecar) {
  restart();
  FramePublisher publisher(*this, "backup");
  const auto id = publisher.series(publisher.family(
      {.name = "last_success_seconds", .type = wire::Type::kGauge, .hold_ms = 3'600'000}));
  publisher.set_gauge(id, 42).keyframe();
  publisher.goodbye();
  engine().commit();
  restart();
  EXPECT_EQ(value("last_success_seconds{service_name=\"backup\"}"), "42");
  pass(3'600'001);
  EXPECT_EQ(value("last_success_seconds{service_name=\"backup\"}"), "absent");
}

TEST_F(DurableStateTest, StartsAndEndsAreCountedOnOverARestart) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  (void)text();
  restart(true);
  publisher.set(id, 6).keyframe();
  const ServiceInfo service = engine().services().at(0);
  EXPECT_EQ(service.starts, 1U);
  EXPECT_EQ(service.restarts, 0U);
  EXPECT_EQ(service.up, 1U);
}

TEST_F(DurableStateTest, ASeriesThatWasNeverShownShowsItsZeroAfterARestart) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  publisher.goodbye();
  engine().commit();
  restart();
  const Selection scraper{{}, {}, true};
  EXPECT_NE(text(scraper).find("work_total{service_name=\"svc\"} 0\n"), std::string::npos);
  EXPECT_NE(text(scraper).find("work_total{service_name=\"svc\"} 5\n"), std::string::npos);
  restart();
  EXPECT_NE(text(scraper).find("work_total{service_name=\"svc\"} 5\n"), std::string::npos);
}

TEST_F(DurableStateTest, AFilteredScrapeLeavesTheOthersToBeShown) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("one_total"), 5);
  publisher.set(publisher.counter("other_total"), 5).keyframe();
  const Selection one{{"one_total"}, {}, true};
  EXPECT_NE(text(one).find("one_total{service_name=\"svc\"} 0\n"), std::string::npos);
  restart();
  publisher.keyframe();
  const std::string page = text(Selection{{}, {}, true});
  EXPECT_NE(page.find("one_total{service_name=\"svc\"} 5\n"), std::string::npos);
  EXPECT_NE(page.find("other_total{service_name=\"svc\"} 0\n"), std::string::npos);
}

TEST_F(DurableStateTest, NothingIsWrittenWhileNothingChanges) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  (void)text();
  pass(30'000);
  publisher.quiet = true;
  publisher.delta();  // it was lost meanwhile, and is back
  (void)text();
  engine().keep();
  publisher.quiet = true;
  publisher.delta();  // it was silent for so long that it was lost: that it is back is written
  (void)text();
  const std::uint64_t written = engine().status().state_bytes_written;
  for (int i = 0; i < 5; ++i) {
    publisher.delta();
    pass(4'000);
    publisher.delta();
    (void)text();
    engine().keep();
  }
  EXPECT_EQ(engine().status().state_bytes_written, written);
}

TEST_F(DurableStateTest, WhoWasForgottenIsNeitherAwaitedNorMergedInTheNextLife) {
  options.life.forget_after_ms = 60'000;
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  engine().keep();  // its definitions stand in the file before the word that it was forgotten
  pass(16'000);
  pass(61'000);
  engine().keep();
  restart();
  EXPECT_TRUE(ready());
  publisher.set(id, 9).keyframe();
  EXPECT_EQ(control.count(wire::Kind::kRebase), 1U);
  EXPECT_EQ(acks(), 0U);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
}

TEST_F(DurableStateTest, AJournalThatWasOnlyBegunLacksNothing) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
  (void)storage.create("journal-00000009");  // killed before its head was written
  EXPECT_TRUE(restart().proven);
}

}  // namespace
}  // namespace weir::sidecar
