// The host collectors on a fake tree: goldens, and files that are not what they should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "collectors/catalogue.h"
#include "support.h"

namespace weir::collectors::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kData = std::string(WEIR_SOURCE_DIR) + "/tests/data/host";

std::unique_ptr<Collector> linked(const std::string& name) {
  for (const CatalogueEntry& entry : linked_collectors()) {
    if (entry.name == name) {
      return entry.make();
    }
  }
  ADD_FAILURE() << "no collector " << name;
  return nullptr;
}

// A tree of its own, filled by the test.
class HostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-host-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  [[nodiscard]] Paths paths() const {
    return {(root_ / "proc").string(), (root_ / "sys").string(), (root_ / "root").string()};
  }
  std::shared_ptr<Job> start(const std::string& name, Options options = {}) {
    auto job = world_.job(name, linked(name), paths(), std::move(options));
    EXPECT_TRUE(job->register_metrics().ok());
    return job;
  }

  std::filesystem::path root_;
  World world_;
};

class HostGoldenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(HostGoldenTest, ReadsTheFakeTreeAsTheGoldenSays) {
  if (::sysconf(_SC_CLK_TCK) != 100) {
    GTEST_SKIP() << "the goldens are made for 100 ticks a second";
  }
  World world;
  auto job =
      world.job(GetParam(), linked(GetParam()), {kData + "/proc", kData + "/sys", kData + "/root"});
  ASSERT_TRUE(job->register_metrics().ok());
  EXPECT_TRUE(job->run()) << world.log_text.str();
  EXPECT_EQ(page(world.registry), slurp(kData + "/golden/" + GetParam() + ".txt"));
}

INSTANTIATE_TEST_SUITE_P(Collectors, HostGoldenTest,
                         ::testing::Values("cpu", "disk", "load", "memory", "network", "pressure",
                                           "processes", "stat", "uptime"),
                         [](const auto& param) { return std::string(param.param); });

TEST(HostCatalogue, HoldsEveryHostCollectorEnabledEachFiveSecondsWithADescription) {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : linked_collectors()) {
    names.emplace_back(entry.name);
    EXPECT_TRUE(entry.defaults.enabled) << entry.name;
    EXPECT_EQ(entry.defaults.interval, std::chrono::seconds(5)) << entry.name;
    EXPECT_NE(entry.defaults.description, "") << entry.name;
  }
  EXPECT_THAT(
      names, ::testing::IsSupersetOf({"cpu", "disk", "filesystem", "load", "memory", "network",
                                      "pressure", "processes", "stat", "time", "uname", "uptime"}));
}

class HostEmptyTreeTest : public HostTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(HostEmptyTreeTest, AMissingFileIsAFailureThatNamesIt) {
  auto job = start(GetParam());
  EXPECT_FALSE(job->run());
  EXPECT_THAT(world_.log_text.str(), HasSubstr("cannot read " + root_.string() + "/proc/"));
}

INSTANTIATE_TEST_SUITE_P(Collectors, HostEmptyTreeTest,
                         ::testing::Values("cpu", "disk", "filesystem", "load", "memory", "network",
                                           "processes", "stat", "uptime"),
                         [](const auto& param) { return std::string(param.param); });

class HostGarbageTest : public HostTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(HostGarbageTest, GarbageOrATruncatedFileNeverCrashesAndNeverMakesUpSeries) {
  std::string zeros(5000, '\0');
  const std::vector<std::string> contents = {"",
                                             "\n",
                                             "cpu",
                                             "cpu0",
                                             "cpu0 -1 x",
                                             ":",
                                             "a:b:c",
                                             "\xff\xfe : 1 kB\n",
                                             "some total=",
                                             "1 (",
                                             ") S",
                                             "/dev/x /y z",
                                             zeros,
                                             std::string(100'000, 'x'),
                                             "8 0",
                                             "99999999999999999999999999999999 nan inf 1e999"};
  const std::vector<std::string> files = {"version",
                                          "uptime",
                                          "stat",
                                          "meminfo",
                                          "loadavg",
                                          "diskstats",
                                          "net/dev",
                                          "1/mounts",
                                          "1/stat",
                                          "pressure/cpu",
                                          "sys/kernel/pid_max",
                                          "sys/kernel/threads-max"};
  for (const std::string& file : files) {
    write("proc/" + file, "");
  }
  auto job = start(GetParam());
  for (const std::string& content : contents) {
    for (const std::string& file : files) {
      write("proc/" + file, content);
    }
    job->run();
    EXPECT_THAT(page(world_.registry), Not(HasSubstr(" NaN")));
    EXPECT_THAT(page(world_.registry), Not(HasSubstr("Inf")));
  }
}

INSTANTIATE_TEST_SUITE_P(Collectors, HostGarbageTest,
                         ::testing::Values("cpu", "disk", "filesystem", "load", "memory", "network",
                                           "pressure", "processes", "stat", "uptime"),
                         [](const auto& param) { return std::string(param.param); });

TEST_F(HostTest, EveryTruncationOfARealFileIsSurvived) {
  for (const auto& [collector, file] :
       std::vector<std::pair<std::string, std::string>>{{"cpu", "stat"},
                                                        {"stat", "stat"},
                                                        {"disk", "diskstats"},
                                                        {"memory", "meminfo"},
                                                        {"network", "net/dev"},
                                                        {"uptime", "version"},
                                                        {"load", "loadavg"},
                                                        {"pressure", "pressure/io"}}) {
    const std::string whole = slurp(kData + "/proc/" + file);
    ASSERT_GT(whole.size(), 10u);
    World world;
    write("proc/" + file, whole);
    auto job = world.job(collector, linked(collector), paths());
    ASSERT_TRUE(job->register_metrics().ok());
    for (std::size_t length = 0; length < whole.size(); length += 7) {
      write("proc/" + file, whole.substr(0, length));
      job->run();
    }
  }
}

TEST_F(HostTest, TheUptimeLineIsTheReferences) {
  write("proc/version", "Linux version 5.14.0-162.18.1.el9_1.x86_64 (x@y) #1\n");
  write("proc/uptime", "280345.19 0.00\n");
  EXPECT_TRUE(start("uptime")->run());
  EXPECT_EQ(series(world_.registry, "node_uptime"),
            "node_uptime_secs{kernel=\"5.14.0-162.18.1.el9_1.x86_64\"} 280345.19\n");
}

TEST_F(HostTest, ACpuThatGoesOfflineTakesItsSeriesWithIt) {
  write("proc/stat", "cpu 3 3 3 3\ncpu0 100 0 0 0\ncpu1 200 0 0 0\n");
  auto job = start("cpu");
  EXPECT_TRUE(job->run());
  EXPECT_THAT(page(world_.registry), HasSubstr("cpu=\"1\""));
  write("proc/stat", "cpu 3 3 3 3\ncpu0 100 0 0 0\n");
  EXPECT_TRUE(job->run());
  EXPECT_THAT(page(world_.registry), Not(HasSubstr("cpu=\"1\"")));
}

TEST_F(HostTest, RestartingTheCollectorThreeTimesStatesTheKernelsTotalAgain) {
  write("proc/stat", "cpu0 444900 0 0 0\nctxt 38014093\n");
  for (int start_number = 0; start_number < 3; ++start_number) {
    World world;
    auto job = world.job("stat", linked("stat"), paths());
    ASSERT_TRUE(job->register_metrics().ok());
    EXPECT_TRUE(job->run());
    EXPECT_EQ(series(world.registry, "node_context"), "node_context_switches_total 38014093\n");
  }
}

TEST_F(HostTest, AVanishedDiskLeavesAndItsTotalMayBeginAnew) {
  const std::string sda = "8 0 sda 1 2 3 4 5 6 7 8 0 10 11\n";
  auto job = start("disk");
  write("proc/diskstats", sda + "8 16 sdb 9 2 3 4 5 6 7 8 0 10 11\n");
  EXPECT_TRUE(job->run());
  write("proc/diskstats", sda);
  EXPECT_TRUE(job->run());
  EXPECT_THAT(page(world_.registry), Not(HasSubstr("sdb")));
  write("proc/diskstats", sda + "8 16 sdb 1 2 3 4 5 6 7 8 0 10 11\n");
  EXPECT_TRUE(job->run());
  EXPECT_THAT(page(world_.registry),
              HasSubstr("node_disk_reads_completed_total{device=\"sdb\"} 1\n"));
}

std::string task_stat(unsigned id, char state, unsigned threads) {
  return std::to_string(id) + " (a) name) " + state + " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 " +
         std::to_string(threads) + " 0 99\n";
}

TEST_F(HostTest, ThreadsAndProcessesThatComeAndGoAreSeenWhenTheirNumberStaysTheSame) {
  write("proc/sys/kernel/pid_max", "9\n");
  write("proc/sys/kernel/threads-max", "9\n");
  write("proc/10/stat", task_stat(10, 'S', 1));
  write("proc/7/stat", task_stat(7, 'S', 2));
  write("proc/7/task/7/stat", task_stat(7, 'S', 2));
  write("proc/7/task/8/stat", task_stat(8, 'R', 2));
  auto job = start("processes");
  ASSERT_TRUE(job->run()) << world_.log_text.str();
  EXPECT_EQ(series(world_.registry, "node_processes_threads_state"),
            "node_processes_threads_state{thread_state=\"R\"} 1\n"
            "node_processes_threads_state{thread_state=\"S\"} 2\n");
  std::filesystem::remove_all(root_ / "proc/7/task/8");
  std::filesystem::remove_all(root_ / "proc/10");
  write("proc/7/task/9/stat", task_stat(9, 'D', 2));
  write("proc/3/stat", task_stat(3, 'Z', 1));
  ASSERT_TRUE(job->run());
  EXPECT_EQ(series(world_.registry, "node_processes_threads_state"),
            "node_processes_threads_state{thread_state=\"S\"} 1\n"
            "node_processes_threads_state{thread_state=\"D\"} 1\n"
            "node_processes_threads_state{thread_state=\"Z\"} 1\n");
  EXPECT_EQ(series(world_.registry, "node_processes_state"),
            "node_processes_state{state=\"S\"} 1\nnode_processes_state{state=\"Z\"} 1\n");
}

TEST_F(HostTest, TheFilesOfProcessesStayOpenUpToAQuarterOfWhatMayBeOpen) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{200, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 60; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    children.push_back(child);
  }
  auto job = world_.job("processes", linked("processes"), Paths());
  EXPECT_TRUE(job->register_metrics().ok());
  for (int update = 0; update < 3; ++update) {
    EXPECT_TRUE(job->run()) << world_.log_text.str();
    EXPECT_EQ(open_files("/proc/", "/stat"), 50u);
  }
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_TRUE(job->run());
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (const pid_t child : children) {
    EXPECT_EQ(open_files("/proc/" + std::to_string(child) + "/stat"), 0u);
  }
}

TEST_F(HostTest, DevicesAreLeftOutByTheConfiguredExpression) {
  write("proc/diskstats", "8 0 sda 1 2 3 4 5 6 7 8 0 10 11\n8 1 sda1 1 2 3 4 5 6 7 8 0 10 11\n");
  Options options;
  options.add("device_exclude", {"^sda$"}, 3);
  EXPECT_TRUE(start("disk", std::move(options))->run());
  EXPECT_THAT(page(world_.registry), HasSubstr("device=\"sda1\""));
  EXPECT_THAT(page(world_.registry), Not(HasSubstr("device=\"sda\"")));
}

TEST_F(HostTest, AnExpressionThatDoesNotParseIsAConfigurationErrorWithItsLine) {
  Options options;
  options.set_origin("f.yaml", "collectors.disk.");
  options.add("device_exclude", {"(("}, 3);
  auto job = world_.job("disk", linked("disk"), paths(), std::move(options));
  bool configuration_error = false;
  EXPECT_THAT(job->register_metrics(&configuration_error).reason(),
              HasSubstr("f.yaml:3: collectors.disk.device_exclude: not a regular expression"));
  EXPECT_TRUE(configuration_error);
}

TEST_F(HostTest, WithoutPressureInformationThereAreNoSeriesAndNoError) {
  auto job = start("pressure");
  EXPECT_TRUE(job->run());
  EXPECT_EQ(series(world_.registry, "node_pressure"), "");
  write("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n");
  EXPECT_TRUE(job->run());
  EXPECT_EQ(series(world_.registry, "node_pressure"),
            "node_pressure_memory_waiting_seconds_total 2.5\n");
}

TEST_F(HostTest, AMemoryFieldThatAppearsLaterIsRegisteredThen) {
  write("proc/meminfo", "MemTotal: 4 kB\n");
  auto job = start("memory");
  write("proc/meminfo", "MemTotal: 4 kB\nNewField: 2 kB\nBad-name: 1 kB\nMemTotal: x kB\n");
  EXPECT_TRUE(job->run());
  EXPECT_EQ(series(world_.registry, "node_memory"),
            "node_memory_MemTotal_bytes 4096\nnode_memory_NewField_bytes 2048\n");
}

TEST_F(HostTest, NoMountNamespaceIsHeldOnTo) {
  auto job = world_.job("filesystem", linked("filesystem"));
  ASSERT_TRUE(job->register_metrics().ok());
  EXPECT_TRUE(job->run()) << world_.log_text.str();
  EXPECT_EQ(open_files("/proc/", "/mounts"), 0u);
}

TEST_F(HostTest, AFileSystemIsStatedAsTheNodeSeesIt) {
  std::filesystem::create_directories(root_ / "root/data");
  const std::string below = (root_ / "root").string();
  write("proc/1/mounts",
        "/dev/vdb " + below + "/data xfs ro,relatime 0 0\n" + "/dev/vda / ext4 rw 0 0\n" +
            "tmpfs /run/credentials/x tmpfs rw 0 0\n" + "proc /proc proc rw 0 0\n" +
            "server:/x /gone nfs4 rw 0 0\n" + "odd\xff /odd\\134\xff ext4 rw 0 0\n");
  EXPECT_TRUE(start("filesystem")->run());
  struct statfs stat {};
  ASSERT_EQ(::statfs((root_ / "root/data").c_str(), &stat), 0);
  const std::string data = "{device=\"/dev/vdb\",fstype=\"xfs\",mountpoint=\"/data\"} ";
  const std::string text = page(world_.registry);
  EXPECT_THAT(
      text,
      HasSubstr("node_filesystem_size_bytes" + data +
                std::to_string(stat.f_blocks * static_cast<std::uint64_t>(stat.f_bsize)) + "\n"));
  EXPECT_THAT(text, HasSubstr("node_filesystem_readonly" + data + "1\n"));
  EXPECT_THAT(text, HasSubstr("node_filesystem_device_error" + data + "0\n"));
  EXPECT_THAT(text, HasSubstr("node_filesystem_device_error{device=\"server:/x\",fstype=\"nfs4\","
                              "mountpoint=\"/gone\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("node_filesystem_size_bytes{device=\"server:/x\"")));
  EXPECT_THAT(text, HasSubstr("mountpoint=\"/odd\\\\\xEF\xBF\xBD\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("credentials")));
  EXPECT_THAT(text, Not(HasSubstr("/proc")));
}

TEST_F(HostTest, TheOwnMountsServeWhereTheNodesAreNotReadable) {
  write("proc/self/mounts", "/dev/vda / ext4 rw 0 0\n");
  std::filesystem::create_directories(root_ / "root");
  EXPECT_TRUE(start("filesystem")->run());
  EXPECT_THAT(page(world_.registry), HasSubstr("node_filesystem_files{device=\"/dev/vda\""));
}

TEST_F(HostTest, UnameSaysWhatTheSystemCallSays) {
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_TRUE(start("uname")->run());
  EXPECT_THAT(page(world_.registry), HasSubstr("release=\"" + std::string(name.release) + "\""));
}

TEST_F(HostTest, TimeNamesTheClockSources) {
  write("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n");
  write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  EXPECT_TRUE(start("time")->run());
  EXPECT_EQ(series(world_.registry, "node_time_clocksource"),
            "node_time_clocksource_available_info{clocksource=\"tsc\",device=\"0\"} 1\n"
            "node_time_clocksource_available_info{clocksource=\"hpet\",device=\"0\"} 1\n"
            "node_time_clocksource_current_info{clocksource=\"tsc\",device=\"0\"} 1\n");
}

}  // namespace
}  // namespace weir::collectors::testing
