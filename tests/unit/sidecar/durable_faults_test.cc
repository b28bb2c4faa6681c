// What the state survives: the death of the machine, a full disk, damaged and foreign files.
#include "durable_fixture.h"

namespace weir::sidecar {
namespace {

class DurableFaultsTest : public DurableTest {
 protected:
  // Of a life in which work_total was shown as 5, then as 9.
  void journal_of_two_scrapes() {
    restart();
    FramePublisher publisher(*this, "svc");
    const auto id = publisher.counter("work_total");
    publisher.set(id, 5).keyframe();
    (void)text();
    publisher.set(id, 9).delta();
    (void)text();
  }
};

TEST_F(DurableFaultsTest, AfterTheDeathOfTheMachineTheSilentRestartOpenly) {
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

TEST_F(DurableFaultsTest, AFullDiskIsSaidCountedThroughAndCaughtUpWith) {
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

TEST_F(DurableFaultsTest, ADeathWithAFullDiskIsNoProofOfAnything) {
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

TEST_F(DurableFaultsTest, ATornJournalCountsUpToItsLastWholeRecord) {
  journal_of_two_scrapes();
  auto& journal = *storage.files[storage.only("journal")];
  journal.bytes.resize(journal.bytes.size() - 3);
  const Recovery recovery = restart();
  EXPECT_FALSE(recovery.damaged);
  ASSERT_EQ(recovery.notes.size(), 1U);
  EXPECT_NE(recovery.notes[0].find("cut off within the record"), std::string::npos);
  pass(10'000);
  EXPECT_EQ(value("work_total{service_name=\"svc\"}"), "5");
}

// A head or a length that rotted is no write that did not finish: records follow.
TEST_F(DurableFaultsTest, AJournalThatRottedIsNotTakenForATornOne) {
  journal_of_two_scrapes();
  const std::string name = storage.only("journal");
  const auto whole = storage.files[name]->bytes;
  const auto reads_whole = [&](std::size_t at) {
    auto bytes = whole;
    bytes[at] ^= 0xff;
    RecordReader reader(bytes);
    for (Record record; reader.next(record);) {
    }
    return reader.why_stopped().empty() || reader.may_be_torn();
  };
  for (std::size_t byte = 0; byte < 40; ++byte) {
    const bool unread = byte >= 9 && byte < 12;  // three zeros
    EXPECT_EQ(reads_whole(byte), unread) << "byte " << byte << " of the head";
  }
  storage.files[name]->bytes[20] ^= 0xff;
  const Recovery recovery = restart();
  EXPECT_TRUE(recovery.damaged);
  ASSERT_FALSE(recovery.notes.empty());
  EXPECT_NE(recovery.notes[0].find(name), std::string::npos) << recovery.notes[0];
}

TEST_F(DurableFaultsTest, ADamagedCheckpointIsSetAsideAndSaid) {
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
TEST_F(DurableFaultsTest, AfterDamageTheLivingAreWaitedForAndTheirSeriesShowTheirZero) {
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

TEST_F(DurableFaultsTest, EveryFlippedByteIsSurvived) {
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

TEST_F(DurableFaultsTest, ANewerVersionAndAnotherNodesFilesAreKeptAside) {
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

TEST_F(DurableFaultsTest, AfterAPowerLossOneThatProvesDeadBeginsAgain) {
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

TEST_F(DurableFaultsTest, WhoIsShownForTheFirstTimeIsKnownAfterAPowerLoss) {
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

TEST_F(DurableFaultsTest, WhatMayBeMissingIsRememberedUntilItHasBecomeARestart) {
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

// The journal that it names could not be begun: one of a later life must not be taken for it.
TEST_F(DurableFaultsTest, AWordOfABrokenJournalIsAboutNoLaterOne) {
  restart();
  FramePublisher publisher(*this, "svc");
  publisher.set(publisher.counter("work_total"), 5).keyframe();
  (void)text();
  storage.files["behind-00000009"] = std::make_shared<MemoryStorage::Content>();
  EXPECT_FALSE(restart().proven);
  pass(10'000);  // what may be missing has become a restart
  pass(30'000);
  engine().keep();
  EXPECT_TRUE(restart().proven);
}

TEST_F(DurableFaultsTest, ADiskThatCanNotRenameLeavesAWordOfIt) {
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
