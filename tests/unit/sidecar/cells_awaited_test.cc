// Who may have a cells file is not forgotten: what stands in it counts whenever its owner ends.
#include <algorithm>
#include <map>

#include "sidecar/cells/census.h"
#include "tests/unit/sidecar/cells_fixture.h"
#include "tests/unit/sidecar/durable_fixture.h"
#include "tests/unit/sidecar/pair_fixture.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// A program in a process of its own has counted 5, and said 3 of them to a sidecar.
class AwaitedCells : public DurableTest, private FoldSink {
 protected:
  AwaitedCells() {
    watches_cells = true;
    options.zero_first = false;
    options.series_ttl_ms = 30 * kDay;
    said.node = "n";
    said.id = kFirst;
    said.cells_file = true;
    said.set(said.series(said.family({.name = "work_total", .help = "h"})), 3);
  }
  void begin() {
    ASSERT_EQ(program.wait(), 1u);
    restart();
    said.keyframe();
    ASSERT_EQ(work(), "3");
  }
  void live(std::int64_t milliseconds) {
    for (const std::int64_t end = now + milliseconds; now < end;) {
      pass(std::min(20 * kMinute, end - now));
      for (int second = 0; second < 3; ++second) {
        look();
      }
      engine().keep();
    }
  }
  void look() {
    while (folder.step(now)) {
    }
    engine().cells_gone(census.step(now, [&] { return engine().awaited_cells(); }));
    now += 1000;
    engine().tick();
  }
  std::string work() { return value("work_total{service_name=\"s\"}"); }
  std::size_t known() { return engine().publishers().size(); }

  TemporaryFolder folder_;
  PosixCellsDirectory directory{folder_.path()};
  Census census{directory};
  Folder folder{directory, *this};
  FramePublisher said{*this, "s", 1};
  Program program{[this](int report) {
    weir::Registry registry({.cells_dir = folder_.path()});
    FrameSource source(registry.core(), identity_of("s"), kFirst);
    source.name_cells("weir");
    (*registry.counter({.name = "work_total", .help = "h"})).inc(5);
    say(report, registry.cells().file.empty() ? 0 : 1);
    ::pause();
  }};

 private:
  Outcome fold(std::string_view subject, Frames frames) override {
    return !engine().fold(subject, frames) ? Outcome::kRefused
           : engine().commit()             ? Outcome::kDurable
                                           : Outcome::kLater;
  }
};

TEST_F(AwaitedCells, OneThatIsSilentForDaysAndIsKilledThenIsCountedToTheLast) {
  begin();
  live(3 * kDay);
  program.kill();
  live(kMinute);
  EXPECT_EQ(work(), "5");
  EXPECT_TRUE(folder_.names().empty()) << folder.counts().last_reason;
}

TEST_F(AwaitedCells, SoIsOneThatCountedOnForDaysAfterItsGoodbye) {
  begin();
  said.goodbye();
  live(3 * kDay);
  EXPECT_EQ(known(), 1u);
  program.kill();
  live(kMinute);
  EXPECT_EQ(work(), "5");
  EXPECT_TRUE(folder_.names().empty());
  live(kHour);
  EXPECT_EQ(known(), 0u) << "nothing of it can come any more";
}

TEST_F(AwaitedCells, AlsoOverRestartsOfTheSidecar) {
  begin();
  engine().commit();
  live(kHour);
  for (int life = 0; life < 3; ++life) {
    restart();
    live(2 * kDay);
  }
  restart();
  program.kill();
  live(kMinute);
  EXPECT_EQ(work(), "5");
  EXPECT_TRUE(folder_.names().empty()) << folder.counts().last_reason;
}

TEST_F(AwaitedCells, OneWhoseFileIsGoneIsForgottenInTime) {
  begin();
  ASSERT_EQ(folder_.names().size(), 1u);
  ASSERT_TRUE(directory.remove(folder_.names().front()).ok());
  live(23 * kHour);
  EXPECT_EQ(known(), 1u);
  live(2 * kHour);
  EXPECT_EQ(known(), 0u);
}

TEST_F(AwaitedCells, OneThatEndedAndHasNoFileIsRetiredAsSoonAsThatIsKnown) {
  begin();
  ASSERT_TRUE(directory.remove(folder_.names().front()).ok());
  said.goodbye();
  live(9 * kMinute);
  EXPECT_EQ(known(), 1u);
  live(kHour);
  EXPECT_EQ(known(), 0u);
  EXPECT_EQ(work(), "3");
}

TEST_F(AwaitedCells, WhoIsHeardAgainIsLookedForAgain) {
  begin();
  const std::string name = folder_.names().front();
  const std::string aside = folder_.path() + "/elsewhere";
  std::filesystem::rename(folder_.path() + "/" + name, aside);
  live(kHour);
  std::filesystem::rename(aside, folder_.path() + "/" + name);
  said.delta();
  live(3 * kDay);
  program.kill();
  live(kMinute);
  EXPECT_EQ(work(), "5");
}

TEST_F(AwaitedCells, WhereNobodyLooksItIsForgottenInTime) {
  watches_cells = false;
  begin();
  said.goodbye();
  for (int hour = 0; hour < 23; ++hour) {
    pass(kHour);
    engine().keep();
  }
  EXPECT_EQ(known(), 1u);
  pass(2 * kHour);
  engine().keep();
  EXPECT_EQ(known(), 0u);
}

class PairWithCells : public ::testing::Test, public PairFixture {};

// Only one of the two may see the folder that the file stands in.
TEST_F(PairWithCells, AFileThatOneSeesIsAwaitedByBoth) {
  for (int side : {0, 1}) {
    options[side].life.forget_after_ms = kHour;
  }
  start_both();
  FramePublisher publisher(clock, "svc");
  publisher.cells_file = true;
  publisher.set(publisher.counter("work_total"), 5);
  const auto look = [&](int side, bool gone) {
    const std::vector<wire::InstanceId> awaited = engines[side]->awaited_cells();
    engines[side]->cells_gone(gone ? awaited : std::vector<wire::InstanceId>{});
    return awaited.size();
  };
  engines[0]->watch_cells();
  engines[1]->watch_cells();
  hear_both(publisher, wire::Kind::kGoodbye);
  pass(5 * kMinute, 1'000);
  EXPECT_EQ(look(0, true), 0u) << "frames may be under way";
  pass(6 * kMinute, 1'000);
  EXPECT_EQ(look(0, true), 1u);
  EXPECT_EQ(look(1, false), 1u);
  pass(5 * kHour, 5'000);
  EXPECT_EQ(known(0), 1u);
  EXPECT_EQ(known(1), 1u);
  EXPECT_EQ(look(1, true), 1u);
  pass(20 * kMinute, 1'000);
  EXPECT_EQ(known(0), 0u);
  EXPECT_EQ(known(1), 0u);
}

// ---- The census itself, over a directory that can fail

std::vector<std::uint8_t> file_of(std::vector<wire::InstanceId> names, int series = 1) {
  const TemporaryFolder folder;
  weir::Registry registry({.cells_dir = folder.path()});
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  std::unique_ptr<FrameSource> source;
  for (const wire::InstanceId& name : names) {
    if (source == nullptr) {
      source = std::make_unique<FrameSource>(registry.core(), identity_of("s"), name);
    } else {
      source->renew(name, 1000, true);
    }
    source->name_cells("weir");
  }
  for (int i = 0; i < series; ++i) {
    family.with(std::to_string(i)).inc();
  }
  return bytes_of_file(registry.cells().file);
}

struct Files final : CellsDirectory {
  Result<std::vector<Abandoned>> abandoned(std::int64_t) override {
    return std::vector<Abandoned>{};
  }
  Result<std::vector<std::uint8_t>> read(const std::string&, std::uint64_t) override {
    return Status::error("whole files are not read");
  }
  Result<std::vector<std::string>> standing() override {
    if (unlisted) {
      return Status::error("cannot list /cells: too many open files");
    }
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files) {
      names.push_back(name);
    }
    return names;
  }
  Result<std::vector<std::uint8_t>> read_part(const std::string& name, std::uint64_t offset,
                                              std::size_t bytes_max) override {
    ++reads;
    if (name == unread) {
      return Status::error("cannot open /cells/" + name + ": too many open files");
    }
    const std::vector<std::uint8_t>& bytes = files[name];
    const std::size_t from = std::min<std::size_t>(offset, bytes.size());
    const std::size_t to = std::min(from + bytes_max, bytes.size());
    return std::vector<std::uint8_t>(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(to));
  }
  Status remove(const std::string&) override { return {}; }
  Status set_aside(const std::string&) override { return {}; }

  std::map<std::string, std::vector<std::uint8_t>> files;
  bool unlisted = false;
  std::string unread;
  int reads = 0;
};

class CensusTest : public ::testing::Test {
 protected:
  static constexpr wire::InstanceId kA{1, 1}, kB{1, 2}, kC{1, 3};
  Census::Ids step() {
    return census.step(now, [&] {
      ++asked;
      return awaited;
    });
  }
  Files files;
  Census census{files, {.files_per_step_max = 2}};
  Census::Ids awaited{kA, kB};
  std::int64_t now = 1'000'000;
  int asked = 0;
};

TEST_F(CensusTest, SaysWhoHasNoFile) {
  files.files["1"] = file_of({kB});
  EXPECT_EQ(step(), (Census::Ids{kA}));
}

TEST_F(CensusTest, AFileIsItsLastInstances) {
  files.files["1"] = file_of({kA, kB});
  EXPECT_EQ(step(), (Census::Ids{kA}));
}

TEST_F(CensusTest, ANameIsFoundBelowManyDefinitions) {
  files.files["1"] = file_of({kA}, 5000);
  ASSERT_GT(files.files["1"].size(), 5 * wire::cells_file::kBlockBytes);
  EXPECT_EQ(step(), (Census::Ids{kB}));
}

TEST_F(CensusTest, ARecordThatIsBeingWrittenLeavesTheFormerName) {
  std::vector<std::uint8_t> whole = file_of({kA, kB}, 0);
  const auto last = std::find_if(whole.rbegin(), whole.rend(), [](auto byte) { return byte != 0; });
  *last ^= 1;
  files.files["1"] = whole;
  EXPECT_EQ(step(), (Census::Ids{kB}));
}

TEST_F(CensusTest, ALongListIsReadInSteps) {
  for (int i = 0; i < 5; ++i) {
    files.files[std::to_string(i)] = file_of({kC});
  }
  files.files["9"] = file_of({kB});
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(files.reads, 4) << "head and log of two files";
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(step(), (Census::Ids{kA})) << "not before all are read";
  EXPECT_EQ(asked, 1);
}

TEST_F(CensusTest, OnceAMinuteAndOnlyIfSomebodyIsAwaited) {
  awaited = {};
  files.files["1"] = file_of({kB});
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(files.reads, 0);
  awaited = {kA};
  now += 59'999;
  EXPECT_EQ(step(), Census::Ids{});
  now += 1;
  EXPECT_EQ(step(), (Census::Ids{kA}));
  EXPECT_EQ(asked, 2);
}

TEST_F(CensusTest, NobodyIsGoneOfADirectoryThatCanNotBeListed) {
  files.unlisted = true;
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(step(), Census::Ids{});
  files.unlisted = false;
  now += 60'000;
  EXPECT_EQ(step(), (Census::Ids{kA, kB}));
}

TEST_F(CensusTest, NobodyIsGoneWhileAFileCanNotBeRead) {
  files.files["1"] = file_of({kA});
  files.files["2"] = file_of({kC});
  files.unread = "1";
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(step(), Census::Ids{});
  files.unread.clear();
  now += 60'000;
  EXPECT_EQ(step(), (Census::Ids{}));
  EXPECT_EQ(step(), (Census::Ids{kB}));
}

TEST_F(CensusTest, WhatIsNoCellsFileSpeaksForNobody) {
  files.files["1"] = {1, 2, 3};
  files.files["2"] = std::vector<std::uint8_t>(1 << 17);
  EXPECT_EQ(step(), Census::Ids{});
  EXPECT_EQ(step(), (Census::Ids{kA, kB}));
}

}  // namespace
}  // namespace weir::sidecar
