// fork and exec: whose cells are whose, and whose lock.
#include <algorithm>

#include "tests/unit/sidecar/cells_fixture.h"
#include "weir/nats_publisher.h"

#if defined(__SANITIZE_THREAD__)
#define WEIR_TSAN 1  // runs a thread of its own in each child
#endif

namespace weir::sidecar {
namespace {

using Values = std::map<std::string, double>;

// The parent says 1, and the child its process id, once they have counted.
std::uint64_t child_of(Program& program) {
  const std::uint64_t one = program.wait();
  return std::max(one, program.wait());
}

TEST_F(CellsTest, AForkedChildNeitherCountsForItsParentNorKeepsItsLock) {
  Program program([&](int report) {
    Registry registry(options());
    FrameSource source(registry.core(), identity_of("parent"), kFirst);
    source.name_cells("weir");
    Counter counter = *registry.counter({.name = "x_total", .help = "h"});
    counter.inc(5);
    const pid_t child = ::fork();
    if (child == 0) {
      counter.inc(1000);
      const bool private_memory = registry.cells().file.empty();
      say(report, private_memory ? static_cast<std::uint64_t>(::getpid()) : 0);
      for (int i = 0; i < 100'000; ++i) {  // ends by itself, should the test fail
        counter.inc();
        ::usleep(100);
      }
      ::_exit(0);
    }
    counter.inc(2);
    say(report, 1);
    ::pause();
  });
  const std::uint64_t child = child_of(program);
  ASSERT_GT(child, 1u);
  EXPECT_EQ(fold(), 0u);  // the child's end of the descriptor took no lock away
  program.kill();
  ASSERT_EQ(::kill(static_cast<pid_t>(child), 0), 0);  // it lives
  EXPECT_EQ(fold(), 1u);
  EXPECT_EQ(heard.receiver().visible(), (Values{{"x_total{}", 7}}));
  ::kill(static_cast<pid_t>(child), SIGKILL);
}

TEST_F(CellsTest, AForkedChildThatPublishesGetsAFileOfItsOwn) {
#ifdef WEIR_TSAN
  GTEST_SKIP() << "a child is never alone";
#endif
  Program program([&](int report) {
    Registry registry(options());
    Counter counter = *registry.counter({.name = "x_total", .help = "h"});
    Histogram size = *registry.histogram({.name = "size", .help = "h", .bounds = {1}});
    counter.inc(5);
    size.observe(0.5);
    const pid_t child = ::fork();
    if (child == 0) {
      counter.inc(10);  // before there is a publisher
      size.observe(3);
      NatsPublisher publisher(registry,
                              {.url = "nats://127.0.0.1:1", .service = "child", .node = "n"});
      (*registry.counter({.name = "later_total", .help = "h"})).inc(4);
      std::thread([counter]() mutable { counter.inc(1); }).join();
      while (publisher.status().cells_file.empty()) {
        ::usleep(1000);
      }
      say(report, static_cast<std::uint64_t>(::getpid()));
      ::pause();
    }
    FrameSource source(registry.core(), identity_of("parent"), kFirst);
    source.name_cells("weir");
    counter.inc(2);
    say(report, 1);
    ::pause();
  });
  const std::uint64_t child = child_of(program);
  EXPECT_EQ(fold(), 0u);
  EXPECT_EQ(folder_.names().size(), 2u);
  program.kill();
  ASSERT_EQ(fold(), 1u);
  EXPECT_EQ(heard.receiver().visible(), (Values{{"x_total{}", 7}}));
  ::kill(static_cast<pid_t>(child), SIGKILL);
  while (fold() == 0) {
    ::usleep(1000);
  }
  ASSERT_EQ(heard.receivers.size(), 2u);
  for (auto& [subject, receiver] : heard.receivers) {
    if (receiver.service == "child") {
      EXPECT_EQ(receiver.visible(), (Values{{"x_total{}", 11}, {"later_total{}", 4}}));
      EXPECT_EQ(receiver.histogram("size{}").buckets,
                (std::map<std::uint16_t, std::uint64_t>{{1, 1}}));
      EXPECT_EQ(receiver.histogram("size{}").sum, 3);
    }
  }
}

TEST_F(CellsTest, AForkedChildWithThreadsStaysInPrivateMemory) {
  Program program([&](int report) {
    Registry registry(options());
    Counter counter = *registry.counter({.name = "x_total", .help = "h"});
    const pid_t child = ::fork();
    if (child == 0) {
      std::thread other([] { ::pause(); });
      NatsPublisher publisher(registry, {.url = "nats://127.0.0.1:1", .service = "child"});
      counter.inc();
      const CellsState cells = registry.cells();
      say(report, cells.file.empty() && !cells.note.empty() ? 1 : 0);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
  });
  EXPECT_EQ(program.wait(), 1u);
}

TEST_F(CellsTest, ExecReleasesTheFile) {
  Program program([&](int report) {
    Registry registry(options());
    FrameSource source(registry.core(), identity_of("before"), kFirst);
    source.name_cells("weir");
    (*registry.counter({.name = "x_total", .help = "h"})).inc(9);
    say(report, 1);
    ::execl("/bin/sleep", "sleep", "1000", nullptr);
  });
  program.wait();
  while (fold() == 0) {
    ::usleep(1000);
  }
  EXPECT_EQ(::kill(program.pid(), 0), 0);
  EXPECT_EQ(heard.receiver().visible(), (Values{{"x_total{}", 9}}));
}

}  // namespace
}  // namespace weir::sidecar
