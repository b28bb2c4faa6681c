// What a broker's outage, and a single frame, do to the life of an instance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

struct OutageTest : testing::Test, CoreFixture {
  InstanceState state() { return engine().publishers().front().state; }
  ServiceInfo service() { return engine().services().front(); }
};

TEST_F(OutageTest, AfterAnOutagePublishersMayTakeTheirTimeToComeBack) {
  options.life.reconnect_grace_ms = 60'000;
  FramePublisher first(*this, "shop", 1);
  first.set(first.counter("orders_total"), 1).keyframe();
  now += 1000;
  engine().set_link({.connected = false});
  now += 1000;
  engine().set_link({.connected = true});
  for (int i = 0; i < 50; ++i) {
    now += 1000;
    engine().tick();
  }
  EXPECT_EQ(state(), InstanceState::kUp) << "silent for ten heartbeats, but NATS was away";
  first.delta();
  for (int i = 0; i < 16; ++i) {
    now += 1000;
    engine().tick();
  }
  EXPECT_EQ(state(), InstanceState::kLost) << "once back, its own lease counts again";
}

TEST_F(OutageTest, AnInstanceHeardOnlyOnceIsNoRestartOfItself) {
  FramePublisher first(*this, "shop", 1);
  first.set(first.counter("orders_total"), 1).keyframe();
  for (int i = 0; i < 20; ++i) {
    now += 1000;
    engine().tick();
  }
  EXPECT_EQ(state(), InstanceState::kLost);
  EXPECT_EQ(service().starts, 1u);
  EXPECT_EQ(service().restarts, 0u);
}

}  // namespace
}  // namespace weir::sidecar
