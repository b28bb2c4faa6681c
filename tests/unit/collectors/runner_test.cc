#include "collectors/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support.h"

namespace weir::collectors::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Real threads and the real clock; nothing here waits longer than it has to.
class RunnerTest : public ::testing::Test {
 protected:
  std::shared_ptr<Job> job(const std::string& name, std::function<Status()> update,
                           Schedule schedule) {
    Job::Parts parts;
    parts.name = name;
    auto gauge = std::make_shared<GaugeReadings>();
    parts.collector = std::make_unique<ScriptedCollector>(
        [gauge, name](collectors::Setup& setup) {
          *gauge = setup.gauge(name + "_reading", "A reading.");
          return Status();
        },
        [gauge, update] {
          gauge->set(1);
          return update();
        });
    parts.schedule = schedule;
    parts.log = world_.log;
    auto made = std::make_shared<Job>(std::move(parts), world_.registry, world_.health);
    EXPECT_TRUE(made->register_metrics().ok());
    return made;
  }

  // Until the page holds `text`; fails after half a minute.
  void await(const std::string& text) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (world_.registry.text().find(text) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "no " << text;
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  World world_;
};

TEST_F(RunnerTest, AHangingCollectorHurtsNoOther) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> updates{0};
  const Schedule fast{milliseconds(5), milliseconds(20)};
  std::vector<std::shared_ptr<Job>> jobs = {
      job(
          "hanging",
          [released] {
            released.wait();
            return Status();
          },
          fast),
      job(
          "throwing", []() -> Status { throw std::runtime_error("no"); }, fast),
      job("well",
          [&updates] {
            ++updates;
            return Status();
          },
          {milliseconds(5), milliseconds(30'000)})};
  {
    Runner runner(jobs);
    runner.start();
    await("weir_collector_up{collector=\"hanging\"} 0");
    await("weir_collector_up{collector=\"throwing\"} 0");
    const int before = updates;
    while (updates < before + 3) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_THAT(world_.registry.text(), HasSubstr("well_reading 1"));
    EXPECT_EQ(series(world_.registry, "hanging_reading"), "");
    EXPECT_EQ(series(world_.registry, "throwing_reading"), "");
    EXPECT_EQ(series(world_.registry, "weir_collector_errors_total{collector=\"hanging\"}"),
              "weir_collector_errors_total{collector=\"hanging\"} 1\n")
        << "not started again until it returns";
    EXPECT_THAT(runner.stop(milliseconds(1)), ElementsAre("hanging"));
  }
  // Its thread was left behind; it ends with the job.
  std::weak_ptr<Job> hanging = jobs.front();
  jobs.clear();
  release.set_value();
  while (!hanging.expired()) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST_F(RunnerTest, ACollectorThatHungRunsAgainOnceItHasReturned) {
  std::promise<void> release;
  auto released = release.get_future().share();
  Runner runner({job("hanging",
                     [released] {
                       released.wait();
                       return Status();
                     },
                     {milliseconds(5), milliseconds(200)})});
  runner.start();
  await("weir_collector_up{collector=\"hanging\"} 0");
  release.set_value();
  await("weir_collector_up{collector=\"hanging\"} 1");
  await("hanging_reading 1");
}

TEST_F(RunnerTest, StopsAtOnceThoughTheNextUpdateIsFarAway) {
  Runner runner(
      {job("slow", [] { return Status(); }, {std::chrono::hours(24), std::chrono::hours(24)})});
  runner.start();
  await("weir_collector_up{collector=\"slow\"} 1");
  EXPECT_THAT(runner.stop(std::chrono::seconds(30)), ElementsAre());
}

TEST_F(RunnerTest, OneRunOfEachNamesThoseThatFailed) {
  std::promise<void> release;
  auto released = release.get_future().share();
  {
    Runner runner({job("bad", [] { return Status::error("no"); }, {}),
                   job("good", [] { return Status(); }, {}),
                   job("hanging",
                       [released] {
                         released.wait();
                         return Status();
                       },
                       {milliseconds(20), milliseconds(20)})});
    EXPECT_THAT(runner.run_once(), ElementsAre("bad", "hanging"));
    EXPECT_EQ(series(world_.registry, "good_reading"), "good_reading 1\n");
    EXPECT_EQ(series(world_.registry, "hanging_reading"), "");
    release.set_value();
    EXPECT_THAT(runner.stop(std::chrono::seconds(30)), ElementsAre());
  }
}

}  // namespace
}  // namespace weir::collectors::testing
