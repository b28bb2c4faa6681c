// What outlives the sidecar: its death, the machine's, a full disk, damaged files.
#include <gtest/gtest.h>

#include "core_fixture.h"
#include "memory_storage.h"

namespace weir::sidecar {
namespace {

class DurableStateTest : public ::testing::Test, public CoreFixture {
 protected:
  DurableStateTest() {
    options.durable.node = "node-1";
    options.durable.boot_id = "boot-1";
  }
  // The next life of the sidecar. `clean`: it was told to stop.
  Recovery restart(bool clean = false) {
    if (engine_ != nullptr && clean) {
      engine_->leave();
    }
    engine_.reset();
    control.sent.clear();
    engine_ = std::make_unique<Engine>(
        options, control, [this] { return now; },
        [this](std::uint32_t pid, std::uint64_t, std::int64_t) { return !dead[pid]; }, 1, &storage);
    const Recovery recovery = engine_->recover();
    LinkStatus link;
    link.connected = true;
    engine_->set_link(link);
    return recovery;
  }
  void lose_power() {
    engine_.reset();
    storage.lose_power();
    options.durable.boot_id += "'";
  }
  [[nodiscard]] bool ready() { return engine().status().recovered; }
  [[nodiscard]] std::uint64_t acks() { return control.count(wire::Kind::kAck); }

  MemoryStorage storage;
};

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

TEST_F(DurableStateTest, AfterTheDeathOfTheMachineTheSilentRestartOpenly) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  pass(30'000);
  engine().keep();
  publisher.set(id, 8).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "8");
  lose_power();
  restart();
  pass(10'000);
  EXPECT_TRUE(ready());
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "0");
  EXPECT_EQ(value("weir_sidecar_series_restarted_total"), "1");
  FramePublisher next(*this, "svc", 101);
  const auto next_id = next.counter("work_total");
  next.set(next_id, 3).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "3");
  restart();  // what was taken off is remembered
  next.set(next_id, 4).keyframe();
  pass(1);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "4");
}

TEST_F(DurableStateTest, AFullDiskIsSaidCountedThroughAndCaughtUpWith) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
  storage.full = true;
  publisher.set(id, 6).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "6");
  FramePublisher other(*this, "other", 101);
  const auto other_id = other.counter("work_total");
  other.set(other_id, 2).keyframe();
  other.goodbye();
  EXPECT_FALSE(engine().commit());
  EXPECT_EQ(acks(), 1U);  // not durable, and says so: see durable_ below
  EXPECT_FALSE(engine().status().state_durable);
  EXPECT_NE(engine().status().state_error.find("No space left"), std::string::npos);
  EXPECT_EQ(engine().status().degraded.size(), 1U);
  EXPECT_EQ(value("weir_sidecar_state_durable"), "0");
  pass(5'000);
  engine().keep();
  EXPECT_FALSE(engine().status().state_durable);
  storage.full = false;
  pass(5'000);
  engine().keep();
  EXPECT_TRUE(engine().status().state_durable);
  EXPECT_TRUE(engine().status().degraded.empty());
  lose_power();
  restart();
  publisher.set(id, 7).keyframe();
  pass(1);
  publisher.set(id, 8).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "8");
  other.set(other_id, 5).goodbye();
  EXPECT_EQ(value("work_total{service_name=\"other\"}"), "5") << "its goodbye was caught up with";
}

TEST_F(DurableStateTest, ADeathWithAFullDiskIsNoProofOfAnything) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  (void)text();
  storage.full = true;
  publisher.set(id, 60).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "60");
  storage.full = false;
  EXPECT_FALSE(restart().proven);
  pass(10'000);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "0");  // 5 would be a dip
}

TEST_F(DurableStateTest, ATornJournalCountsUpToItsLastWholeRecord) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  (void)text();
  publisher.set(id, 9).delta();
  (void)text();
  auto& journal = *storage.files[storage.only("journal")];
  journal.bytes.resize(journal.bytes.size() - 3);
  const Recovery recovery = restart();
  EXPECT_FALSE(recovery.damaged);
  ASSERT_EQ(recovery.notes.size(), 1U);
  EXPECT_NE(recovery.notes[0].find("cut off within the record"), std::string::npos);
  pass(10'000);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
}

TEST_F(DurableStateTest, ADamagedCheckpointIsSetAsideAndSaid) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  restart(true);
  for (const std::string stem : {"checkpoint", "definitions"}) {
    const std::string name = stem == "checkpoint" ? stem : storage.only(stem);
    const auto copy = storage.files[name]->bytes;
    storage.files[name]->bytes[copy.size() / 2] ^= 0x40;
    const Recovery recovery = restart();
    EXPECT_TRUE(recovery.damaged) << name;
    EXPECT_FALSE(recovery.refused.empty());
    EXPECT_TRUE(storage.files.contains("checkpoint.damaged"));
    EXPECT_FALSE(engine().status().recovery_notes.empty());
    EXPECT_FALSE(engine().status().degraded.empty());
    publisher.set(id, 6).keyframe();
    pass(10'000);
    EXPECT_TRUE(ready());
    EXPECT_EQ(value("work_total{service_name=\"svc\"}"),
              "0");  // what was shown before is not known
    publisher.set(id, 10).delta();
    EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "4");
    restart(true);
  }
}

// Nobody knows who is missing: a publisher that was not waited for came on top of what was shown.
TEST_F(DurableStateTest, AfterDamageTheLivingAreWaitedForAndTheirSeriesShowTheirZero) {
  const auto scraped = [&] { return text({.names = {}, .collects = {}, .from_scraper = true}); };
  const std::string sample = "work_total{service_name=\"svc\"} ";
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  restart(true);
  storage.files["checkpoint"]->bytes[storage.files["checkpoint"]->bytes.size() / 2] ^= 0x40;
  EXPECT_TRUE(restart().damaged);
  EXPECT_FALSE(ready());
  publisher.set(id, 6).keyframe();
  pass(5'000);
  EXPECT_FALSE(ready());
  pass(5'000);
  EXPECT_TRUE(ready());
  publisher.set(id, 10).delta();
  EXPECT_NE(scraped().find(sample + "0\n"), std::string::npos) << "the restart must be seen";
  EXPECT_NE(scraped().find(sample + "4\n"), std::string::npos);
}

TEST_F(DurableStateTest, EveryFlippedByteIsSurvived) {
  restart();
  FramePublisher publisher(*this, "svc");
  const double bounds[] = {1, 2};
  publisher.set_histogram(
      publisher.series(publisher.family(
          {.name = "took_seconds", .type = wire::Type::kHistogram, .bounds = bounds})),
      {1, 2, 3}, 7.5);
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  (void)text();
  const auto files = storage.files;
  for (const auto& [name, content] : files) {
    for (std::size_t at = 0; at < content->bytes.size(); at += 7) {
      engine_.reset();
      storage.files.clear();
      for (const auto& [other, bytes] : files) {
        storage.files[other] = std::make_shared<MemoryStorage::Content>(*bytes);
      }
      storage.files[name]->bytes[at] ^= 0xff;
      restart();
      pass(10'000);
      const std::string shown = value("work_total{service_name=\"svc\"}");
      EXPECT_TRUE(shown == "5" || shown == "0" || shown == "absent") << name << at << shown;
    }
  }
}

TEST_F(DurableStateTest, ANewerVersionAndAnotherNodesFilesAreKeptAside) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  (void)text();
  options.durable.node = "node-2";
  const Recovery recovery = restart();
  EXPECT_EQ(recovery.refused.size(), 3U);  // checkpoint, definitions, journal
  EXPECT_TRUE(storage.files.contains("checkpoint.refused"));
  EXPECT_NE(recovery.notes[0].find("belongs to node node-1, this is node node-2"),
            std::string::npos)
      << recovery.notes[0];
  EXPECT_TRUE(ready());
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "absent");

  restart(true);
  engine_.reset();
  Bytes newer;
  FileHead head;
  head.role = FileRole::kCheckpoint;
  head.version = kStateVersion + 1;
  head.node = "node-2";
  append_head(newer, head);
  storage.files["checkpoint"]->bytes = newer;
  const Recovery second = restart();
  EXPECT_TRUE(second.damaged);
  EXPECT_NE(second.notes[0].find("has version 2, this sidecar reads version 1"), std::string::npos);
  EXPECT_EQ(storage.files["checkpoint.refused"]->bytes, newer);
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

TEST_F(DurableStateTest, AJournalThatWasOnlyBegunLacksNothing) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
  (void)storage.create("journal-00000009");  // killed before its head was written
  EXPECT_TRUE(restart().proven);
}

TEST_F(DurableStateTest, AfterAPowerLossOneThatProvesDeadBeginsAgain) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  pass(30'000);
  engine().keep();
  publisher.set(id, 8).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "8");
  lose_power();
  dead[100] = true;
  restart();
  pass(10'000);
  EXPECT_TRUE(ready());
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "0");  // 5 would be a dip
}

TEST_F(DurableStateTest, WhoIsShownForTheFirstTimeIsKnownAfterAPowerLoss) {
  restart();
  FramePublisher first(*this, "svc");
  first.set(first.counter("work_total"), 2).keyframe();
  first.goodbye();
  engine().commit();
  FramePublisher second(*this, "svc", 101);
  second.set(second.counter("work_total"), 1).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "3");
  lose_power();
  restart();
  EXPECT_FALSE(ready());  // the second is waited for
  pass(10'000);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "0");  // 2 would be a dip
}

TEST_F(DurableStateTest, WhatMayBeMissingIsRememberedUntilItHasBecomeARestart) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  pass(30'000);
  engine().keep();
  publisher.set(id, 8).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "8");
  lose_power();
  EXPECT_FALSE(restart().proven);
  EXPECT_FALSE(restart(true).proven);  // it stopped in order, but before it could restart anything
  pass(10'000);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "0");
  EXPECT_TRUE(restart(true).proven);
}

TEST_F(DurableStateTest, ADiskThatCanNotRenameLeavesAWordOfIt) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
  storage.rename_fails = true;
  pass(30'000);
  engine().keep();
  EXPECT_FALSE(engine().status().state_durable);
  publisher.set(id, 9).delta();
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "9");
  storage.rename_fails = false;
  EXPECT_FALSE(restart().proven);
}

}  // namespace
}  // namespace weir::sidecar
