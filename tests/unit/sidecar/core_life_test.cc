// Starts, exits, crashes, losses, restarts; and what leaves /metrics when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

struct LifeTest : testing::Test, CoreFixture {
  LifeTest() { options.zero_first = false; }

  std::string service(const std::string& what) {
    return value("weir_service_" + what + "{service_name=\"shop\",weir_node=\"node-1\"}");
  }
  InstanceState state_of(const FramePublisher& publisher) {
    for (const PublisherInfo& info : engine().publishers()) {
      if (info.instance == publisher.id.to_string()) {
        return info.state;
      }
    }
    ADD_FAILURE() << "unknown publisher";
    return InstanceState::kStarting;
  }
  FramePublisher start(std::uint32_t pid) {
    FramePublisher publisher(*this, "shop", pid);
    publisher.set(publisher.counter("orders_total"), 1).keyframe();
    return publisher;
  }
  static constexpr const char* kOrders = "orders_total{service_name=\"shop\"}";
};

TEST_F(LifeTest, ACleanExitAndAStartAreOneRestart) {
  FramePublisher first = start(1);
  first.goodbye();
  now += 1000;
  const FramePublisher next = start(2);
  EXPECT_EQ(service("starts_total"), "2");
  EXPECT_EQ(service("clean_exits_total"), "1");
  EXPECT_EQ(service("restarts_total"), "1");
  EXPECT_EQ(service("crashes_total"), "0");
  EXPECT_EQ(service("instances"), "1");
}

TEST_F(LifeTest, ScalingUpIsNoRestart) {
  start(1);
  start(2);
  start(3);
  EXPECT_EQ(service("restarts_total"), "0");
  EXPECT_EQ(service("instances"), "3");
}

TEST_F(LifeTest, OneEndExcusesOneStart) {
  FramePublisher first = start(1);
  first.goodbye();
  start(2);
  start(3);
  EXPECT_EQ(service("restarts_total"), "1");
}

TEST_F(LifeTest, AStartLongAfterTheEndIsNoRestart) {
  FramePublisher first = start(1);
  first.goodbye();
  pass(6 * 60'000);
  start(2);
  EXPECT_EQ(service("restarts_total"), "0");
}

TEST_F(LifeTest, AKilledPublisherIsCrashedAsSoonAsItsSuccessorShowsUp) {
  const FramePublisher first = start(1);
  dead[1] = true;
  now += 300;
  start(2);
  EXPECT_EQ(state_of(first), InstanceState::kCrashed);
  EXPECT_EQ(service("crashes_total"), "1");
  EXPECT_EQ(service("restarts_total"), "1");
  EXPECT_EQ(value(kOrders), "2") << "what it counted stays";
}

TEST_F(LifeTest, AKilledPublisherWithoutSuccessorIsNoticedAfterAHeartbeat) {
  const FramePublisher first = start(1);
  dead[1] = true;
  pass(4000);
  EXPECT_EQ(state_of(first), InstanceState::kUp);
  pass(2000);
  EXPECT_EQ(state_of(first), InstanceState::kCrashed);
}

TEST_F(LifeTest, SilenceWithoutEvidenceIsALossAndNoCrash) {
  FramePublisher first = start(1);
  pass(14'000);
  EXPECT_EQ(state_of(first), InstanceState::kUp);
  pass(2000);
  EXPECT_EQ(state_of(first), InstanceState::kLost);
  EXPECT_EQ(service("losses_total"), "1");
  EXPECT_EQ(service("crashes_total"), "0");
  first.delta();
  EXPECT_EQ(state_of(first), InstanceState::kUp);
  EXPECT_EQ(value(kOrders), "1") << "counted once";
  EXPECT_EQ(service("instances"), "1");
}

TEST_F(LifeTest, ALossNoticedAfterTheNewStartIsStillOneRestart) {
  start(1);
  now += 2000;
  FramePublisher next = start(2);
  EXPECT_EQ(service("restarts_total"), "0");
  for (int i = 0; i < 4; ++i) {
    pass(4000);
    next.delta();
  }
  EXPECT_EQ(service("losses_total"), "1");
  EXPECT_EQ(service("restarts_total"), "1");
  dead[1] = true;  // the evidence comes later still
  pass(1000);
  start(3);
  EXPECT_EQ(service("crashes_total"), "1");
  EXPECT_EQ(service("losses_total"), "1") << "counters do not go down";
  EXPECT_EQ(service("restarts_total"), "1") << "scaling up";
}

TEST_F(LifeTest, WhileNatsIsAwayNobodyIsLost) {
  FramePublisher first = start(1);
  engine().set_link({.connected = false});
  pass(60'000);
  EXPECT_EQ(state_of(first), InstanceState::kUp);
  engine().set_link({.connected = true});
  pass(14'000);
  EXPECT_EQ(state_of(first), InstanceState::kUp) << "the lease begins again with the connection";
  pass(2000);
  EXPECT_EQ(state_of(first), InstanceState::kLost);
}

TEST_F(LifeTest, EvidenceThatProvesWrongIsTakenBack) {
  FramePublisher first = start(1);
  dead[1] = true;
  pass(6000);
  EXPECT_EQ(state_of(first), InstanceState::kCrashed);
  dead[1] = false;
  first.set(0, 5).delta();
  EXPECT_EQ(state_of(first), InstanceState::kUp);
  EXPECT_EQ(value(kOrders), "5");
}

TEST_F(LifeTest, ThreeCrashesInAWindowAreALoop) {
  for (std::uint32_t pid = 1; pid <= 4; ++pid) {
    start(pid);
    EXPECT_EQ(service("crash_loop"), pid == 4 ? "1" : "0");
    dead[pid] = true;
    now += 1000;
  }
  pass(6 * 60'000);
  EXPECT_EQ(service("crash_loop"), "0");
}

TEST_F(LifeTest, CountersLeaveAfterSeriesTtlAndComeBackWithTheirBase) {
  FramePublisher first = start(1);
  first.goodbye();
  pass(59 * 60'000);
  EXPECT_EQ(value(kOrders), "1");
  pass(2 * 60'000);
  EXPECT_EQ(value(kOrders), "absent");
  start(2);
  EXPECT_EQ(value(kOrders), "2");
}

TEST_F(LifeTest, IdlenessNeverRemovesALivingPublishersSeries) {
  FramePublisher first = start(1);
  for (int i = 0; i < 2000; ++i) {
    pass(4000);
    first.deliver(first.make(wire::Kind::kDelta));
  }
  EXPECT_EQ(value(kOrders), "1");
}

TEST_F(LifeTest, GaugesOfTheSilentAreWithdrawnThoughNatsIsAway) {
  FramePublisher sensor(*this, "sensor", 5);
  sensor
      .set_gauge(sensor.series(sensor.family({.name = "celsius", .type = wire::Type::kGauge})), 40)
      .keyframe();
  engine().set_link({.connected = false});
  pass(4 * 60'000);
  EXPECT_EQ(value("celsius{service_name=\"sensor\"}"), "40");
  pass(2 * 60'000);
  EXPECT_EQ(value("celsius{service_name=\"sensor\"}"), "absent") << "never served as fresh";
  engine().set_link({.connected = true});
  sensor.delta();
  EXPECT_EQ(value("celsius{service_name=\"sensor\"}"), "40");
}

TEST_F(LifeTest, AForgottenPublisherThatReturnsIsToldToBeginAgain) {
  options.life.forget_after_ms = 60'000;
  FramePublisher first = start(1);
  pass(16'000);
  pass(61'000);
  control.sent.clear();
  first.set(0, 9).delta();
  ASSERT_EQ(control.sent.size(), 1u);
  EXPECT_EQ(control.sent[0].kind, wire::Kind::kRebase);
  EXPECT_EQ(value(kOrders), "1") << "nothing of it is counted twice";
  EXPECT_EQ(value("weir_sidecar_rebases_total"), "1");
}

TEST_F(LifeTest, ALateGoodbyeOfOneThatIsLongGoneIsAnsweredAndAddsNothing) {
  FramePublisher first = start(1);
  const auto goodbye = first.make(wire::Kind::kGoodbye);
  first.deliver(goodbye, "reply");
  pass(11 * 60'000);
  control.sent.clear();
  first.deliver(goodbye, "reply");
  EXPECT_EQ(control.count(wire::Kind::kAck), 1u);
  EXPECT_EQ(value(kOrders), "1");
}

TEST_F(LifeTest, WhoWasTakenForDeadForLongAndLivesIsToldToBeginAgain) {
  FramePublisher first = start(1);
  dead[1] = true;
  pass(6000);
  EXPECT_EQ(state_of(first), InstanceState::kCrashed);
  pass(11 * 60'000);
  dead[1] = false;
  control.sent.clear();
  first.set(0, 9).deliver(first.make(wire::Kind::kDelta));
  first.deliver(first.make(wire::Kind::kKeyframe), "reply");
  ASSERT_EQ(control.sent.size(), 2u);
  for (const RecordingControl::Sent& sent : control.sent) {
    EXPECT_EQ(sent.kind, wire::Kind::kRebase) << "an acknowledgement would say that it counts";
    EXPECT_EQ(sent.instance, first.id);
  }
  EXPECT_EQ(value("weir_sidecar_rebases_total"), "2");
  FramePublisher again(*this, "shop", 1);  // what it does then
  again.set(again.counter("orders_total"), 4).keyframe();
  EXPECT_EQ(value(kOrders), "5");
}

TEST_F(LifeTest, AStrangerThatNeverIntroducesItselfIsDropped) {
  FramePublisher mute(*this, "mute", 9);
  mute.delta();
  const char* starting = "weir_sidecar_publishers{state=\"starting\"}";
  EXPECT_EQ(value(starting), "1");
  pass(61'000);
  EXPECT_EQ(value(starting), "0");
}

TEST_F(LifeTest, MemoryIsGivenBackAfterTheReadingsHaveGone) {
  FramePublisher sensor(*this, "sensor", 5);
  const auto family =
      sensor.family({.name = "celsius", .type = wire::Type::kGauge, .label_names = {"core"}});
  for (int i = 0; i < 1000; ++i) {
    sensor.set_gauge(sensor.series(family, {std::to_string(i)}), 40);
  }
  sensor.keyframe();
  const auto before = engine().status().series;
  sensor.goodbye();
  pass(3'601'000);
  EXPECT_EQ(engine().status().series, before - 1000);
}

}  // namespace
}  // namespace weir::sidecar
