// What a killed program counted is found to the last increment.
#include <random>

#include "client_lib/src/publisher_core.h"
#include "schemas/subjects.h"
#include "tests/unit/sidecar/cells_fixture.h"

namespace weir::sidecar {
namespace {

using Values = std::map<std::string, double>;

TEST_F(CellsTest, AKillLosesNothingThatWasReported) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kBatch = 64;
  std::mt19937_64 random(20240611);
  for (int round = 0; round < 8; ++round) {
    Program program([&](int report) {
      Registry registry(options());
      FrameSource source(registry.core(), identity_of("victim"), kFirst);
      source.name_cells("weir");
      Counter counter = *registry.counter({.name = "done_total", .help = "h"});
      DoubleCounter seconds = *registry.double_counter({.name = "work_seconds_total", .help = "h"});
      Histogram size = *registry.histogram({.name = "size", .help = "h", .bounds = {1, 2}});
      std::vector<std::thread> threads;
      for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([=]() mutable {
          for (std::uint64_t n = 0;; n += kBatch) {
            for (std::uint64_t i = 0; i < kBatch; ++i) {
              counter.inc();
              seconds.inc(0.5);
              size.observe(2);
            }
            say(report, thread << 32 | (n + kBatch));
          }
        });
      }
      threads.front().join();
    });
    const std::uint64_t reports = 100 + random() % 500;
    std::map<std::uint64_t, std::uint64_t> said;
    std::uint64_t number = 0;
    for (std::uint64_t i = 0; i < reports && program.next(number); ++i) {
      said[number >> 32] = number & 0xffffffff;
    }
    program.kill();
    while (program.next(number)) {
      said[number >> 32] = number & 0xffffffff;
    }
    double least = 0;
    for (const auto& [thread, count] : said) {
      least += static_cast<double>(count);
    }
    Heard found;
    Folder one(directory, found);
    one.step(now_unix_ms);
    ASSERT_EQ(one.counts().folded, 1u) << one.counts().last_reason;
    Receiver& receiver = found.receiver();
    const double most = least + static_cast<double>(kThreads * kBatch);
    const double counted = receiver.visible().at("done_total{}");
    EXPECT_GE(counted, least);
    EXPECT_LE(counted, most);
    EXPECT_GE(receiver.visible().at("work_seconds_total{}"), least / 2);
    EXPECT_LE(receiver.visible().at("work_seconds_total{}"), most / 2);
    const auto observed = static_cast<double>(receiver.histogram("size{}").buckets.at(1));
    EXPECT_GE(observed, least);
    EXPECT_LE(observed, most);
    // An observation of each thread may stand between its sum and its bucket.
    EXPECT_NEAR(receiver.histogram("size{}").sum, 2 * observed, 2 * kThreads);
    EXPECT_EQ(found.increments.begin()->second, static_cast<std::uint64_t>(counted + observed));
    EXPECT_TRUE(folder_.names().empty());
  }
}

TEST_F(CellsTest, WhatIsCountedRightAfterRegistrationSurvives) {
  Program program([&](int) {
    Registry registry({.constant_labels = {{"region", "eu"}}, .cells_dir = folder_.path()});
    FrameSource source(registry.core(), identity_of("quick"), kFirst);
    source.name_cells("my.prefix");
    CounterFamily family =
        *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a", "b"}});
    (void)registry.gauge({.name = "g", .help = "h"});
    family.with("1", "two words \xc3\xa4").inc(3);
    ::raise(SIGKILL);
  });
  program.join();
  ASSERT_EQ(fold(), 1u) << folder.counts().last_reason;
  EXPECT_EQ(heard.subjects.front(), "my.prefix.v1.pub.n.quick." + kFirst.to_string());
  EXPECT_EQ(heard.receiver().visible(), (Values{{"x_total{1,two words \xc3\xa4}", 3}}));
  const wire::Frame& frame = heard.decoder.frame();
  EXPECT_EQ(frame.seq, wire::cells_file::kFoldedSeq);
  EXPECT_TRUE(frame.identity.cells_file);
  EXPECT_EQ(frame.identity.constant_labels.size(), 1u);
  EXPECT_EQ(frame.identity.client_language, "c++");
}

TEST_F(CellsTest, TheFileOfALivingProgramIsLeftAlone) {
  Program program([&](int report) {
    Registry registry(options());
    FrameSource source(registry.core(), identity_of("alive"), kFirst);
    source.name_cells("weir");
    Counter counter = *registry.counter({.name = "x_total", .help = "h"});
    counter.inc();
    say(report, registry.cells().file.empty() ? 0 : 1);
    ::pause();
  });
  ASSERT_EQ(program.wait(), 1u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(fold(), 0u);
  }
  program.kill();
  EXPECT_EQ(fold(), 1u);
}

TEST_F(CellsTest, ThreadsAndSegmentsThatComeLaterAreInTheFile) {
  const int kSeries = 20'000;
  Program program([&](int) {
    Registry registry(options());
    FrameSource source(registry.core(), identity_of("large"), kFirst);
    source.name_cells("weir");
    CounterFamily family =
        *registry.counter_family({.name = "many_total", .help = "h", .labels = {"i"}});
    for (int i = 0; i < kSeries; ++i) {
      family.with(std::to_string(i)).inc();
    }
    for (int thread = 0; thread < 3; ++thread) {
      std::thread([family, kSeries]() mutable {
        for (int i = 0; i < kSeries; ++i) {
          family.with(std::to_string(i)).inc(static_cast<std::uint64_t>(i));
        }
      }).join();
    }
    ::raise(SIGKILL);
  });
  program.join();
  Folder small(directory, heard, {.frame_bytes_max = 100'000});
  small.step(now_unix_ms);
  ASSERT_EQ(small.counts().folded, 1u) << small.counts().last_reason;
  const Receiver& receiver = heard.receiver();
  EXPECT_GT(receiver.seen.size(), 3u);  // in parts
  EXPECT_EQ(receiver.seen.back().parts, receiver.seen.size());
  for (std::size_t i = 0; i < receiver.seen.size(); ++i) {
    EXPECT_LE(receiver.seen[i].bytes, 100'000u);
    EXPECT_EQ(receiver.seen[i].seq, wire::cells_file::kFoldedSeq + i);
  }
  const Values values = receiver.visible();
  ASSERT_EQ(values.size(), static_cast<std::size_t>(kSeries));
  EXPECT_EQ(values.at("many_total{19999}"), 1 + 3 * 19999);
  EXPECT_EQ(values.at("many_total{8192}"), 1 + 3 * 8192);
  EXPECT_EQ(values.at("many_total{0}"), 1);
}

TEST_F(CellsTest, RegistriesOfOneProgramHaveFilesOfTheirOwn) {
  Program program([&](int) {
    Registry one(options());
    Registry two(options());
    FrameSource first(one.core(), identity_of("one"), kFirst);
    FrameSource second(two.core(), identity_of("two"), {7, 2});
    first.name_cells("weir");
    second.name_cells("weir");
    (*one.counter({.name = "x_total", .help = "h"})).inc(1);
    (*two.counter({.name = "x_total", .help = "h"})).inc(2);
    ::raise(SIGKILL);
  });
  program.join();
  ASSERT_EQ(fold(), 2u);
  for (auto& [subject, receiver] : heard.receivers) {
    EXPECT_EQ(receiver.visible(), (Values{{"x_total{}", receiver.service == "one" ? 1 : 2}}));
  }
}

TEST_F(CellsTest, AnInstanceThatBeganAgainIsFoldedFromThere) {
  struct NoSink : FrameSink {
    void frame(const wire::Frame&, std::span<const std::uint8_t>) override {}
  };
  Program program([&](int) {
    Registry registry(options());
    FrameSource source(registry.core(), identity_of("again"), kFirst);
    source.name_cells("weir");
    Counter counter = *registry.counter({.name = "x_total", .help = "h"});
    Counter still = *registry.counter({.name = "y_total", .help = "h"});
    DoubleCounter seconds = *registry.double_counter({.name = "z_total", .help = "h"});
    Histogram size = *registry.histogram({.name = "size", .help = "h", .bounds = {1, 2}});
    counter.inc(5);
    still.inc(1);
    seconds.inc(1.5);
    size.observe(1);
    size.observe(2);
    NoSink nobody;
    for (std::uint64_t life = 2; life < 4; ++life) {
      (void)source.keyframe(wire::Kind::kKeyframe, 0, 1 << 20, nobody);
      source.renew({7, life}, 2000, true);
      source.name_cells("weir");
    }
    counter.inc(3);
    seconds.inc(0.25);
    size.observe(2);
    (*registry.counter({.name = "new_total", .help = "h"})).inc(8);
    ::raise(SIGKILL);
  });
  program.join();
  ASSERT_EQ(fold(), 1u) << folder.counts().last_reason;
  EXPECT_EQ(heard.decoder.frame().instance, (wire::InstanceId{7, 3}));
  EXPECT_EQ(heard.receiver().visible(),
            (Values{{"x_total{}", 3}, {"y_total{}", 0}, {"z_total{}", 0.25}, {"new_total{}", 8}}));
  EXPECT_EQ(heard.receiver().histogram("size{}").buckets,
            (std::map<std::uint16_t, std::uint64_t>{{1, 1}}));
  EXPECT_EQ(heard.receiver().histogram("size{}").sum, 2);
}

// A transport to nowhere.
class NoTransport : public Transport {
 public:
  Link link() override { return Link::kDown; }
  std::uint64_t connections() override { return 0; }
  std::size_t payload_bytes_max() override { return 1 << 20; }
  bool listen(std::string_view, const wire::InstanceId&) override { return false; }
  bool publish(std::string_view, std::span<const std::uint8_t>, bool) override { return false; }
  bool receive(Message&) override { return false; }
  std::string url() override { return "nats://nowhere"; }
  std::string why_down() override { return "refused"; }
};

TEST_F(CellsTest, APublisherNamesEachOfItsInstancesBeforeItIsHeard) {
  Program program([&](int report) {
    Registry registry(options());
    NoTransport transport;
    std::uint64_t instances = 0;
    PublisherSettings settings;
    settings.identity = identity_of("mover");
    settings.subject_prefix = "own";
    PublisherCore core(registry.core(), settings, transport, [&] {
      return wire::InstanceId{8, ++instances};
    });
    Counter counter = *registry.counter({.name = "x_total", .help = "h"});
    counter.inc(5);
    core.on_tick({0, 1000});
    const PublisherStatus status = core.status();
    say(report, status.cells_file == registry.cells().file && status.cells_note.empty() ? 1 : 0);
    core.move_to_node("other", {1000, 2000});
    counter.inc(1);
    ::raise(SIGKILL);
  });
  EXPECT_EQ(program.wait(), 1u);
  program.join();
  ASSERT_EQ(fold(), 1u) << folder.counts().last_reason;
  EXPECT_EQ(heard.subjects.front(),
            wire::Subjects{"own"}.publish("other", "mover", wire::InstanceId{8, 2}));
  // Nobody heard the first instance: nothing is counted already.
  EXPECT_EQ(heard.receiver().visible(), (Values{{"x_total{}", 6}}));
}

TEST_F(CellsTest, ADestroyedRegistryLeavesItsTotalsAndAFreeLock) {
  Program program([&](int report) {
    {
      Registry registry(options());
      FrameSource source(registry.core(), identity_of("done"), kFirst);
      source.name_cells("weir");
      Counter counter = *registry.counter({.name = "x_total", .help = "h"});
      std::thread([counter]() mutable { counter.inc(5); }).join();
    }
    Registry next({.cells_dir = "none"});  // gets the same segment
    Counter counter = *next.counter({.name = "x_total", .help = "h"});
    const bool zero = next.text().find("x_total 0\n") != std::string::npos;
    counter.inc(100);
    say(report, zero ? 1 : 0);
    ::pause();
  });
  EXPECT_EQ(program.wait(), 1u);
  ASSERT_EQ(fold(), 1u);
  EXPECT_EQ(heard.receiver().visible(), (Values{{"x_total{}", 5}}));
}

TEST_F(CellsTest, WhoNeverPublishedLeavesNothing) {
  Program program([&](int report) {
    { Registry registry(options()); }
    say(report, folder_.names().size());
    Registry registry(options());
    (*registry.counter({.name = "x_total", .help = "h"})).inc(5);
    ::raise(SIGKILL);
  });
  EXPECT_EQ(program.wait(), 0u);
  program.join();
  EXPECT_EQ(folder_.names().size(), 1u);
  EXPECT_EQ(fold(), 0u);
  EXPECT_EQ(folder.counts().nameless, 1u);
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(CellsTest, NoFileIsSeenBeforeItIsLocked) {
  Program program([&](int report) {
    for (int i = 0; i < 1000; ++i) {
      Registry registry(options());
    }
    say(report, 1);
  });
  std::thread watcher([&] { program.wait(); });
  while (program.pid() != 0 && ::kill(program.pid(), 0) == 0) {
    const auto found = directory.abandoned(now_unix_ms);
    ASSERT_TRUE(found.ok());
    ASSERT_TRUE(found->empty());
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(program.pid()), &ended, WEXITED | WNOHANG | WNOWAIT) ==
            0 &&
        ended.si_pid != 0) {
      break;
    }
  }
  watcher.join();
  EXPECT_TRUE(folder_.names().empty());
}

}  // namespace
}  // namespace weir::sidecar
