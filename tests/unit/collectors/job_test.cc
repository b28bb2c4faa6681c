#include "collectors/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "support.h"

namespace weir::collectors::testing {
namespace {

using ::testing::HasSubstr;

class JobTest : public ::testing::Test {
 protected:
  // A collector with one gauge, `disk{name}`, that reads what `update` says.
  std::shared_ptr<Job> disk_job(std::function<Status(GaugeReadings&)> update) {
    auto gauge = std::make_shared<GaugeReadings>();
    auto job = world_.job("disks", std::make_unique<ScriptedCollector>(
                                       [gauge](collectors::Setup& setup) {
                                         *gauge = setup.gauge("disk", "A disk.", {"name"});
                                         return Status();
                                       },
                                       [gauge, update] { return update(*gauge); }));
    EXPECT_TRUE(job->register_metrics().ok());
    return job;
  }
  std::string disks() { return series(world_.registry, "disk{"); }
  std::string health(const std::string& metric) {
    return series(world_.registry, metric + "{collector=\"disks\"}");
  }
  void expect_failed(unsigned errors) {
    EXPECT_EQ(disks(), "");
    EXPECT_EQ(health("weir_collector_up"), "weir_collector_up{collector=\"disks\"} 0\n");
    EXPECT_EQ(health("node_scrape_collector_success"),
              "node_scrape_collector_success{collector=\"disks\"} 0\n");
    EXPECT_EQ(health("weir_collector_errors_total"),
              "weir_collector_errors_total{collector=\"disks\"} " + std::to_string(errors) + "\n");
  }

  World world_;
};

TEST_F(JobTest, ASuccessStatesReadingsAndHealth) {
  auto job = disk_job([this](GaugeReadings& disk) {
    disk.with("sda").set(1);
    world_.time.ms += 250;
    return Status();
  });
  EXPECT_TRUE(job->run());
  EXPECT_EQ(disks(), "disk{name=\"sda\"} 1\n");
  EXPECT_EQ(health("weir_collector_up"), "weir_collector_up{collector=\"disks\"} 1\n");
  EXPECT_EQ(health("weir_collector_duration_seconds"),
            "weir_collector_duration_seconds{collector=\"disks\"} 0.25\n");
  EXPECT_EQ(health("node_scrape_collector_duration_seconds"),
            "node_scrape_collector_duration_seconds{collector=\"disks\"} 0.25\n");
  EXPECT_EQ(health("weir_collector_last_success_timestamp_seconds"),
            "weir_collector_last_success_timestamp_seconds{collector=\"disks\"} 1000.25\n");
  EXPECT_EQ(health("weir_collector_errors_total"),
            "weir_collector_errors_total{collector=\"disks\"} 0\n");
}

TEST_F(JobTest, RegistersOnceAndUpdatesEachTime) {
  int registered = 0;
  int updated = 0;
  auto job = world_.job("counting", std::make_unique<ScriptedCollector>(
                                        [&registered](collectors::Setup&) {
                                          ++registered;
                                          return Status();
                                        },
                                        [&updated] {
                                          ++updated;
                                          return Status();
                                        }));
  ASSERT_TRUE(job->register_metrics().ok());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(job->run());
  }
  EXPECT_EQ(registered, 1);
  EXPECT_EQ(updated, 5);
}

TEST_F(JobTest, AnErrorWithdrawsTheReadingsUntilTheNextSuccess) {
  bool broken = false;
  auto job = disk_job([&broken](GaugeReadings& disk) {
    disk.with("sda").set(1);
    return broken ? Status::error("no disk") : Status();
  });
  EXPECT_TRUE(job->run());
  broken = true;
  EXPECT_FALSE(job->run());
  expect_failed(1);
  EXPECT_THAT(world_.log_text.str(), HasSubstr("collector disks: no disk"));
  broken = false;
  EXPECT_TRUE(job->run());
  EXPECT_EQ(disks(), "disk{name=\"sda\"} 1\n");
  EXPECT_THAT(world_.log_text.str(), HasSubstr("collector disks: works again"));
}

TEST_F(JobTest, AnExceptionIsAFailureWithItsReason) {
  int kind = 0;
  auto job = disk_job([&kind](GaugeReadings& disk) -> Status {
    disk.with("sda").set(1);
    switch (kind) {
      case 1:
        throw std::runtime_error("bad cable");
      case 2:
        throw 5;
      default:
        return {};
    }
  });
  EXPECT_TRUE(job->run());
  kind = 1;
  EXPECT_FALSE(job->run());
  expect_failed(1);
  EXPECT_THAT(world_.log_text.str(), HasSubstr("threw: bad cable"));
  kind = 2;
  EXPECT_FALSE(job->run());
  expect_failed(2);
  kind = 0;
  EXPECT_TRUE(job->run());
  EXPECT_EQ(disks(), "disk{name=\"sda\"} 1\n");
}

TEST_F(JobTest, AnUpdateThatEndsPastItsDeadlineIsNotServed) {
  auto job = disk_job([this](GaugeReadings& disk) {
    disk.with("sda").set(1);
    world_.time.ms += 5001;
    return Status();
  });
  EXPECT_FALSE(job->run());
  expect_failed(1);
  EXPECT_THAT(world_.log_text.str(), HasSubstr("late"));
}

TEST_F(JobTest, AHangWithdrawsAtTheDeadlineAndWhatItReadsLaterIsNeverServed) {
  std::promise<void> entered;
  std::promise<void> release;
  auto released = release.get_future().share();
  bool hang = false;
  auto job = disk_job([&](GaugeReadings& disk) {
    disk.with("sda").set(hang ? 2 : 1);
    if (hang) {
      entered.set_value();
      released.wait();
      disk.with("sdb").set(3);
    }
    return Status();
  });
  EXPECT_TRUE(job->run());
  hang = true;
  std::thread worker([&job] { EXPECT_FALSE(job->run()); });
  entered.get_future().wait();
  world_.time.ms += 5000;
  job->check_deadline();
  EXPECT_EQ(disks(), "disk{name=\"sda\"} 1\n") << "the deadline itself is still in time";
  world_.time.ms += 1;
  job->check_deadline();
  expect_failed(1);
  EXPECT_TRUE(job->overdue());
  EXPECT_FALSE(job->run()) << "not started again until it returns";
  job->check_deadline();
  expect_failed(1);

  release.set_value();
  worker.join();
  expect_failed(1);
  EXPECT_FALSE(job->overdue());
  hang = false;
  EXPECT_TRUE(job->run());
  EXPECT_EQ(disks(), "disk{name=\"sda\"} 1\n");
}

TEST_F(JobTest, AnAbandonedRunStatesNothing) {
  std::promise<void> entered;
  std::promise<void> release;
  auto job = disk_job([&](GaugeReadings& disk) {
    entered.set_value();
    release.get_future().wait();
    disk.with("sda").set(1);
    return Status();
  });
  std::thread worker([&job] { EXPECT_FALSE(job->run()); });
  entered.get_future().wait();
  job->abandon();
  release.set_value();
  worker.join();
  EXPECT_EQ(disks(), "");
  EXPECT_EQ(health("weir_collector_up"), "");
}

TEST_F(JobTest, ARepeatedReasonIsLoggedOnce) {
  auto job = disk_job([](GaugeReadings&) { return Status::error("no disk"); });
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(job->run());
  }
  const std::string log = world_.log_text.str();
  EXPECT_EQ(log.find("no disk"), log.rfind("no disk"));
  expect_failed(10);
}

TEST_F(JobTest, LogsEachRegisteredMetricWithItsDescriptionAndType) {
  auto job = disk_job([](GaugeReadings&) { return Status(); });
  EXPECT_THAT(world_.log_text.str(), HasSubstr("--> [registered] disk -> A disk. (gauge)\n"));
}

TEST_F(JobTest, ABadMetricNameStopsTheCollectorThoughItDoesNotLook) {
  auto job = world_.job("bad", std::make_unique<ScriptedCollector>(
                                   [](collectors::Setup& setup) {
                                     setup.gauge("9x", "Nine.").set(1);
                                     return Status();
                                   },
                                   [] { return Status(); }));
  const Status status = job->register_metrics();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.reason(), HasSubstr("9x"));
  EXPECT_EQ(series(world_.registry, "weir_collector_up"),
            "weir_collector_up{collector=\"bad\"} 0\n");
}

TEST_F(JobTest, AThrowWhileRegisteringIsAnErrorOfThisCollectorAlone) {
  auto job = world_.job(
      "bad", std::make_unique<ScriptedCollector>(
                 [](collectors::Setup&) -> Status { throw std::runtime_error("no library"); },
                 [] { return Status(); }));
  bool configuration_error = true;
  EXPECT_THAT(job->register_metrics(&configuration_error).reason(), HasSubstr("no library"));
  EXPECT_FALSE(configuration_error);
}

TEST_F(JobTest, ATakenMetricNameIsRefusedWithTheReason) {
  const auto registering = [](const char* help) {
    return std::make_unique<ScriptedCollector>(
        [help](collectors::Setup& setup) {
          setup.gauge("same", help);
          return Status();
        },
        [] { return Status(); });
  };
  EXPECT_TRUE(world_.job("one", registering("One."))->register_metrics().ok());
  EXPECT_THAT(world_.job("two", registering("Two."))->register_metrics().reason(),
              HasSubstr("same"));
}

}  // namespace
}  // namespace weir::collectors::testing
