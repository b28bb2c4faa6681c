// A scrape writes down what it shows in several steps, and so does a checkpoint what there is;
// ingest goes on between them, and the sidecar may die between any two.
#include "durable_fixture.h"

namespace weir::sidecar {
namespace {

class DurableStepsTest : public DurableTest {
 protected:
  static constexpr std::uint32_t kSeries = 2000;

  DurableStepsTest() { options.durable.step_bytes = 1000; }

  // Announces many series of one family.
  void define(FramePublisher& publisher) {
    family_ = publisher.family({.name = "work_total", .label_names = {"i"}});
    for (std::uint32_t i = 0; i < kSeries; ++i) {
      publisher.series(family_, {std::to_string(i)});
    }
  }
  static FramePublisher& set_all(FramePublisher& publisher, std::uint64_t total) {
    for (std::uint32_t i = 0; i < kSeries; ++i) {
      publisher.set(i, total);
    }
    return publisher;
  }
  // Writes a checkpoint, and calls `act` at a step of it, behind the cut. Whether it has so many.
  bool checkpoint_with(std::uint32_t at, const std::function<void()>& act) {
    bool acted = false;
    storage.on_append = [&, journal = storage.only("journal"), seen = 0u]() mutable {
      seen += storage.only("journal") != journal ? 1 : 0;
      if (seen == at + 1) {
        const auto once = std::exchange(storage.on_append, {});
        acted = true;
        act();
      }
    };
    pass(30'000);
    engine().keep();
    storage.on_append = {};
    return acted;
  }
  void die_with(decltype(MemoryStorage::files) files) {
    engine_.reset();
    storage.files = std::move(files);
  }
  // With an empty state directory.
  void begin_anew() {
    engine_.reset();
    storage.files.clear();
    restart();
  }
  // All of them at 5, and a scrape has shown it.
  void show_all(FramePublisher& publisher) {
    define(publisher);
    set_all(publisher, 5).keyframe();
    (void)text();
  }
  std::uint64_t sum() { return engine().totals().families["work_total"]; }
  // Calls `act` once, after so many appends from now on.
  void after_appends(std::uint32_t appends, std::function<void()> act) {
    storage.on_append = [this, appends, act = std::move(act), seen = 0u]() mutable {
      ++appends_;
      if (++seen == appends) {
        act();
      }
    };
  }

  std::uint32_t family_ = 0;
  std::uint32_t appends_ = 0;  // since after_appends()
};

TEST_F(DurableStepsTest, WhatMovesAndIsAnnouncedBetweenStepsIsKept) {
  restart();
  FramePublisher publisher(*this, "svc");
  show_all(publisher);
  set_all(publisher, 6).delta();
  after_appends(3, [&] {
    const auto once = std::exchange(storage.on_append, {});
    publisher.set(0, 100).set(kSeries - 1, 100);
    publisher.set(publisher.series(family_, {"new"}), 50).define_in_delta = true;
    publisher.first_series = kSeries;
    publisher.delta();
  });
  const std::string page = text();
  EXPECT_NE(page.find("work_total{i=\"0\",service_name=\"svc\"} 6\n"), std::string::npos);
  EXPECT_EQ(page.find("\"new\""), std::string::npos);  // one moment of all
  EXPECT_EQ(appends_, 3U);
  // Those visited already were written as they were shown, the others as they have become.
  EXPECT_TRUE(restart().proven);
  EXPECT_GE(sum(), 6U * kSeries);
  EXPECT_EQ(value("work_total{i=\"0\",service_name=\"svc\"}"), "6");
  EXPECT_EQ(value("work_total{i=\"1999\",service_name=\"svc\"}"), "100");
  EXPECT_EQ(value("work_total{i=\"new\",service_name=\"svc\"}"), "50");
  publisher.first_series = 0;
  publisher.keyframe();
  EXPECT_EQ(sum(), 6U * (kSeries - 2) + 2 * 100 + 50);
}

TEST_F(DurableStepsTest, AGoodbyeBetweenStepsIsWrittenWhenItIsAnswered) {
  restart();
  FramePublisher publisher(*this, "svc");
  show_all(publisher);
  set_all(publisher, 6).delta();
  after_appends(3, [&] { set_all(publisher, 8).goodbye(); });
  (void)text();
  EXPECT_GT(appends_, 10U);
  EXPECT_EQ(acks(), 0U);
  EXPECT_TRUE(engine().commit());
  EXPECT_EQ(acks(), 1U);
  lose_power();
  restart();
  EXPECT_EQ(sum(), 8U * kSeries);
}

// One that has ended is believed to have said all. So its end must not be known before all is.
TEST_F(DurableStepsTest, ADeathBetweenAnyTwoStepsForgetsNothingOfOneThatHasEnded) {
  for (const bool is_known : {true, false}) {  // before its goodbye
    std::uint32_t steps = 1;
    for (std::uint32_t at = 1; at <= steps; at += 7) {
      SCOPED_TRACE("a death after step " + std::to_string(at));
      begin_anew();
      FramePublisher publisher(*this, "svc");
      define(publisher);
      set_all(publisher, 5);
      if (is_known) {
        publisher.keyframe();
        (void)text();
      }
      const auto goodbye = set_all(publisher, 9).make(wire::Kind::kGoodbye);
      publisher.deliver(goodbye, "reply");
      decltype(storage.files) left;
      appends_ = 0;
      after_appends(at, [&] { left = storage.files_now(); });
      (void)text();
      steps = appends_;
      storage.on_append = {};
      engine_.reset();
      storage.files = std::move(left);
      restart();
      ASSERT_EQ(engine().publishers().size(), 1U);
      EXPECT_EQ(engine().publishers()[0].state,
                at < steps ? InstanceState::kUp : InstanceState::kExited);
      publisher.deliver(goodbye, "reply");  // nobody has answered it
      EXPECT_TRUE(engine().commit());
      EXPECT_EQ(acks(), 1U);
      lose_power();
      restart();
      EXPECT_EQ(sum(), 9U * kSeries);
    }
    EXPECT_GT(steps, 10U);
  }
}

// A scrape that was never answered has shown nothing.
TEST_F(DurableStepsTest, ADeathBetweenAnyTwoStepsLeavesTheFirstZeroToBeShown) {
  const Selection scraper{{}, {}, true};
  std::uint32_t steps = 2;
  for (std::uint32_t at = 1; at < steps; at += 5) {
    SCOPED_TRACE("a death after step " + std::to_string(at));
    begin_anew();
    FramePublisher publisher(*this, "svc");
    define(publisher);
    set_all(publisher, 5).keyframe();
    decltype(storage.files) left;
    appends_ = 0;
    after_appends(at, [&] { left = storage.files_now(); });
    (void)text(scraper);
    steps = appends_;
    storage.on_append = {};
    engine_.reset();
    storage.files = std::move(left);
    restart();
    publisher.keyframe();
    const std::string page = text(scraper);
    EXPECT_NE(page.find("work_total{i=\"0\",service_name=\"svc\"} 0\n"), std::string::npos);
    EXPECT_EQ(page.find("service_name=\"svc\"} 5\n"), std::string::npos);
  }
  EXPECT_GT(steps, 10U);
}

TEST_F(DurableStepsTest, AnInterruptedScrapeIsNotTakenForAWrittenOne) {
  restart();
  FramePublisher publisher(*this, "svc");
  show_all(publisher);
  set_all(publisher, 6).delta();
  after_appends(3, [] { throw std::bad_alloc(); });
  EXPECT_THROW((void)text(), std::bad_alloc);
  storage.on_append = {};
  EXPECT_FALSE(engine().status().state_durable);
  EXPECT_EQ(value("work_total{i=\"1\",service_name=\"svc\"}"), "6");
  EXPECT_FALSE(restart().proven);
}

// The last step is written when some of the first have moved again.
TEST_F(DurableStepsTest, AGoodbyeBetweenStepsIsNotKnownBeforeAllOfItIs) {
  restart();
  FramePublisher publisher(*this, "svc");
  show_all(publisher);
  set_all(publisher, 6).delta();
  const auto goodbye = set_all(publisher, 8).make(wire::Kind::kGoodbye);
  after_appends(3, [&] { publisher.deliver(goodbye, "reply"); });
  (void)text();
  EXPECT_GT(appends_, 10U);
  storage.on_append = {};
  restart();
  publisher.deliver(goodbye, "reply");  // nobody has answered it
  EXPECT_TRUE(engine().commit());
  EXPECT_EQ(acks(), 1U);
  EXPECT_EQ(sum(), 8U * kSeries);
}

TEST_F(DurableStepsTest, WhatIsShownBetweenAnyTwoStepsOfACheckpointIsKept) {
  std::uint32_t at = 1;
  for (bool goes_on = true; goes_on; at += 9) {
    SCOPED_TRACE("at step " + std::to_string(at));
    begin_anew();
    FramePublisher publisher(*this, "svc");
    define(publisher);
    set_all(publisher, 5).keyframe();
    decltype(storage.files) left;
    FramePublisher late(*this, "svc", 101);
    goes_on = checkpoint_with(at, [&] {
      publisher.set(0, 100).set(kSeries - 1, 100);
      publisher.set(publisher.series(family_, {"new"}), 50).define_in_delta = true;
      publisher.first_series = kSeries;
      publisher.delta();
      late.set(late.series(late.family({.name = "work_total", .label_names = {"i"}}), {"1"}), 7)
          .keyframe();
      (void)text();
      left = storage.files_now();
    });
    const std::uint64_t all = goes_on ? 5U * (kSeries - 2) + 2 * 100 + 50 + 7 : 5U * kSeries;
    EXPECT_EQ(sum(), all);
    EXPECT_TRUE(restart().proven);
    EXPECT_EQ(sum(), all);
    if (goes_on) {
      die_with(std::move(left));  // before the checkpoint counts
      EXPECT_TRUE(restart().proven);
      EXPECT_EQ(sum(), all);
    }
  }
  EXPECT_GT(at, 30U);
}

TEST_F(DurableStepsTest, AGoodbyeBetweenStepsOfACheckpointIsNotKnownBeforeAllOfItIs) {
  std::uint32_t at = 1;
  for (bool goes_on = true; goes_on; at += 9) {
    SCOPED_TRACE("at step " + std::to_string(at));
    begin_anew();
    FramePublisher publisher(*this, "svc");
    define(publisher);
    set_all(publisher, 5).keyframe();
    const auto goodbye = set_all(publisher, 9).make(wire::Kind::kGoodbye);
    control.sent.clear();
    goes_on = checkpoint_with(at, [&] { publisher.deliver(goodbye, "reply"); });
    EXPECT_EQ(acks(), 0U);
    restart();
    EXPECT_GE(sum(), 5U * kSeries);
    publisher.deliver(goodbye, "reply");
    EXPECT_TRUE(engine().commit());
    EXPECT_EQ(acks(), 1U);
    EXPECT_EQ(sum(), 9U * kSeries);
    lose_power();
    restart();
    EXPECT_EQ(sum(), 9U * kSeries);
  }
  EXPECT_GT(at, 30U);
}

// Whose tables go with a checkpoint may have counted what no scrape has shown yet. One shows it
// before the checkpoint counts.
TEST_F(DurableStepsTest, WhatOneThatIsForgottenCountedLastIsKept) {
  restart();
  FramePublisher publisher(*this, "svc");
  show_all(publisher);
  set_all(publisher, 6).delta();
  dead[100] = true;
  for (int i = 0; i < 2; ++i) {  // it is noticed, and then its tables may go
    pass(20 * 60'000);
    engine().tick();
  }
  decltype(storage.files) left;
  ASSERT_TRUE(checkpoint_with(1, [&] {
    EXPECT_EQ(value("work_total{i=\"0\",service_name=\"svc\"}"), "6");
    left = storage.files_now();
  }));
  EXPECT_TRUE(engine().publishers().empty());
  die_with(std::move(left));
  EXPECT_TRUE(restart().proven);
  EXPECT_EQ(sum(), 6U * kSeries);
}

TEST_F(DurableStepsTest, TotalsOfTheRetiredMayGoBetweenStepsOfACheckpoint) {
  options.retired_ttl_ms = 3'600'000;
  restart();
  FramePublisher ended(*this, "svc");
  define(ended);
  set_all(ended, 5).keyframe();
  ended.goodbye();
  engine().commit();
  for (int i = 0; i < 2; ++i) {
    pass(20 * 60'000);
    engine().keep();
  }
  EXPECT_TRUE(engine().publishers().empty());
  EXPECT_EQ(sum(), 5U * kSeries);
  FramePublisher publisher(*this, "other", 101);
  publisher.set(publisher.counter("other_total"), 1).keyframe();
  for (std::uint32_t at = 1; at < 20; at += 3) {
    publisher.set(0, 1 + at).delta();
    EXPECT_TRUE(checkpoint_with(at,
                                [&] {
                                  pass(2 * 3'600'000);
                                  engine().tick();
                                }) ||
                sum() == 0U);
  }
  EXPECT_EQ(sum(), 0U);
  restart();
  EXPECT_EQ(engine().totals().families["other_total"], 20U);
}

TEST_F(DurableStepsTest, ACheckpointThatFailsBetweenStepsIsMadeUpFor) {
  restart();
  FramePublisher publisher(*this, "svc");
  define(publisher);
  set_all(publisher, 5).keyframe();
  for (const std::uint32_t at : {2u, 20u}) {  // definitions; totals
    ASSERT_TRUE(checkpoint_with(at, [&] { storage.full = true; }));
    EXPECT_FALSE(engine().status().state_durable);
    storage.full = false;
    EXPECT_EQ(storage.only("checkpoint.new"), "");
  }
  pass(30'000);
  engine().keep();
  EXPECT_TRUE(engine().status().state_durable);
  restart();
  EXPECT_EQ(sum(), 5U * kSeries);
}

TEST_F(DurableStepsTest, ACheckpointIsWrittenOnlyIfSomethingIsNew) {
  restart();
  FramePublisher publisher(*this, "svc");
  define(publisher);
  set_all(publisher, 5).keyframe();
  EXPECT_TRUE(checkpoint_with(1, [] {}));
  EXPECT_FALSE(checkpoint_with(1, [] {}));
  publisher.set(0, 6).delta();  // and nobody scrapes
  EXPECT_TRUE(checkpoint_with(1, [] {}));
  EXPECT_FALSE(checkpoint_with(1, [] {}));
}

TEST_F(DurableStepsTest, ADiskThatFillsBetweenStepsIsCaughtUpWith) {
  restart();
  FramePublisher publisher(*this, "svc");
  show_all(publisher);
  set_all(publisher, 6).delta();
  after_appends(3, [&] { storage.full = true; });
  (void)text();
  EXPECT_FALSE(engine().status().state_durable);
  storage.full = false;
  storage.on_append = {};
  pass(30'000);
  engine().keep();
  EXPECT_TRUE(engine().status().state_durable);
  restart();
  EXPECT_EQ(sum(), 6U * kSeries);
}

}  // namespace
}  // namespace weir::sidecar
