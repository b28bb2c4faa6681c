// Thousands at once: what each of them costs must not grow with how many there are.
#include <gtest/gtest.h>

#include "sidecar/publishers/keyframe_requests.h"
#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

struct ManyTest : testing::Test, CoreFixture {
  FramePublisher start(std::uint32_t pid) {
    FramePublisher publisher(*this, "shop", pid);
    publisher.set(publisher.counter("orders_total"), 1).keyframe();
    return publisher;
  }
};

// Each newcomer looked up all others in the process table: 10,000 of them kept a new sidecar busy
// for minutes.
TEST_F(ManyTest, WhoWasHeardSinceTheNewcomerBeganIsNotLookedUp) {
  FramePublisher first = start(1);
  FramePublisher second(*this, "shop", 2);  // begins now, and introduces itself later
  now += 1000;
  first.delta();
  second.keyframe();
  EXPECT_EQ(dead.count(1), 0u) << "it was looked up";
  now += 1;
  start(3);
  EXPECT_EQ(dead.count(1), 1u);
}

// Frames that wait in the sidecar's own queue are no silence.
TEST_F(ManyTest, NobodyIsLostWhileIngestIsBehind) {
  const FramePublisher publisher = start(1);
  now += 60'000;
  engine().tick(59'000);
  EXPECT_EQ(engine().services().front().losses, 0u);
  engine().tick(0);
  EXPECT_EQ(engine().services().front().losses, 1u);
}

TEST_F(ManyTest, LargeKeyframesAreAskedMoreSeldomThanSmallOnes) {
  KeyframeRequests::Rules rules;
  rules.per_second_max = 10;
  rules.burst_max = 10;
  rules.series_per_token = 100;
  KeyframeRequests requests(rules, 1);
  const auto asked_of = [&](std::uint64_t series, std::int64_t at) {
    int asked = 0;
    for (int i = 0; i < 100; ++i) {
      Instance instance;
      instance.series_count = series;
      requests.want(instance, 1, at);
      asked += requests.take(instance, at) ? 1 : 0;
    }
    return asked;
  };
  EXPECT_EQ(asked_of(1, now), 10);
  EXPECT_EQ(asked_of(5000, now + 1000), 1) << "one that costs 50 tokens may be asked in advance";
  EXPECT_EQ(asked_of(1, now + 2000), 0) << "it is paid off";
  EXPECT_EQ(asked_of(1, now + 6000), 10);
}

}  // namespace
}  // namespace weir::sidecar
