// A scrape that comes while the keeper writes: between the cut of a checkpoint and its place on
// disk.
#include "durable_fixture.h"

namespace weir::sidecar {
namespace {

class DurableOverlapTest : public DurableTest {
 protected:
  // Writes a checkpoint; `act` happens once, when its first part is being written.
  void checkpoint_during_which(const std::function<void()>& act) {
    storage.on_append = [this, &act, journal = storage.only("journal")] {
      if (storage.only("journal") != journal && storage.files.contains("checkpoint.new")) {
        const auto once = std::exchange(storage.on_append, {});
        act();
      }
    };
    pass(30'000);
    engine().keep();
    EXPECT_FALSE(storage.on_append) << "nothing was written";
  }
  void die_with(std::map<std::string, std::shared_ptr<MemoryStorage::Content>> files) {
    engine_.reset();
    storage.files = std::move(files);
  }
  const std::string sample_ = "work_total{service_name=\"svc\"}";
};

TEST_F(DurableOverlapTest, WhatIsShownWhileTheJournalHealsIsKept) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  (void)text();
  storage.full = true;
  publisher.set(id, 50).delta();
  EXPECT_EQ(value(sample_), "50");
  storage.full = false;
  checkpoint_during_which([&] {
    publisher.set(id, 60).delta();
    EXPECT_EQ(value(sample_), "60");
  });
  EXPECT_TRUE(engine().status().state_durable);
  EXPECT_TRUE(restart().proven);
  pass(10'000);
  EXPECT_EQ(value(sample_), "60");
}

TEST_F(DurableOverlapTest, ACheckpointDuringWhichTheJournalBrokeNeverStandsAsIfItHadNot) {
  restart();
  FramePublisher publisher(*this, "svc");
  const auto id = publisher.counter("work_total");
  publisher.set(id, 5).keyframe();
  (void)text();
  publisher.set(id, 6).delta();
  decltype(storage.files) left;
  storage.on_list = [&] { left = storage.files_now(); };  // as soon as the new one is in its place
  checkpoint_during_which([&] {
    publisher.set(id, 60).delta();
    storage.full = true;
    EXPECT_EQ(value(sample_), "60");
    storage.full = false;
  });
  EXPECT_FALSE(engine().status().state_durable);
  ASSERT_FALSE(left.empty());
  storage.on_list = {};
  die_with(std::move(left));
  EXPECT_FALSE(restart().proven);
  pass(10'000);
  EXPECT_EQ(value(sample_), "0");  // 6 would be a dip
}

// Its own files may go, what it says may not: totals of the ended stand there alone.
TEST_F(DurableOverlapTest, ABreakRightAfterTheNewCheckpointDoesNotCostIt) {
  restart();
  FramePublisher ended(*this, "svc");
  ended.set(ended.counter("work_total"), 5).keyframe();
  ended.goodbye();
  engine().commit();
  FramePublisher publisher(*this, "other", 101);
  const auto id = publisher.counter("other_total");
  publisher.set(id, 1).keyframe();
  storage.on_list = [&] {
    const auto once = std::exchange(storage.on_list, {});
    publisher.set(id, 2).delta();
    storage.full = true;
    (void)text();
    storage.full = false;
  };
  pass(30'000);
  engine().keep();
  EXPECT_FALSE(engine().status().state_durable);
  const Recovery recovery = restart();
  EXPECT_TRUE(recovery.found);
  EXPECT_FALSE(recovery.proven);
  EXPECT_EQ(engine().totals().families["work_total"], 5U);
}

TEST_F(DurableOverlapTest, WhoIsShownFirstWhileACheckpointIsWrittenIsKnownAfterAPowerLoss) {
  restart();
  FramePublisher first(*this, "svc");
  first.set(first.counter("work_total"), 2).keyframe();
  first.goodbye();
  engine().commit();
  FramePublisher second(*this, "svc", 101);
  second.set(second.counter("work_total"), 1).keyframe();
  decltype(storage.files) left;
  checkpoint_during_which([&] {
    EXPECT_EQ(value(sample_), "3");
    left = storage.files_now();
  });
  die_with(std::move(left));
  lose_power();
  restart();
  EXPECT_FALSE(ready());  // the second is waited for
  pass(10'000);
  EXPECT_EQ(value(sample_), "0");  // 2 would be a dip
}

}  // namespace
}  // namespace weir::sidecar
