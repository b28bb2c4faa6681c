// What is read from /proc/self, against a fake tree and against what we know of ourselves.
#include "sidecar/process/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>

namespace weir::sidecar {
namespace {

TEST(ProcessStatsTest, IsReadFromATree) {
  std::string root = testing::TempDir() + "weir_proc_XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  std::filesystem::create_directories(root + "/self/fd");
  for (const char* fd : {"0", "1", "2"}) {
    std::ofstream(root + "/self/fd/" + fd) << "";
  }
  std::ofstream(root + "/stat") << "cpu 1 2 3\nbtime 1700000000\n";
  std::ofstream(root + "/self/stat")
      << "42 (we) ir (x) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 7 0 1000 12345678 300 1 "
         "2 3\n";
  const auto stats = read_process_stats(root);
  ASSERT_TRUE(stats);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(stats->cpu_seconds, 200 / ticks);
  EXPECT_EQ(stats->threads, 7u);
  EXPECT_DOUBLE_EQ(stats->start_boot_seconds, 1000 / ticks);
  EXPECT_DOUBLE_EQ(read_boot_unix_seconds(root), 1700000000);
  EXPECT_EQ(stats->virtual_bytes, 12345678u);
  EXPECT_EQ(stats->resident_bytes, 300u * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(stats->open_fds, 2u);  // one of the three is the reader's own
  std::filesystem::remove_all(root);
}

TEST(ProcessStatsTest, AMissingOrBrokenTreeIsNothing) {
  EXPECT_FALSE(read_process_stats("/nowhere"));
  EXPECT_EQ(read_boot_unix_seconds("/nowhere"), 0);
}

TEST(ProcessStatsTest, IsTrueOfThisProcess) {
  const auto before = read_process_stats();
  ASSERT_TRUE(before);
  EXPECT_GT(before->resident_bytes, 1u << 20);
  EXPECT_GT(before->virtual_bytes, before->resident_bytes);
  EXPECT_GE(before->threads, 1u);
  const auto now = static_cast<double>(std::time(nullptr));
  const double started = read_boot_unix_seconds() + before->start_boot_seconds;
  EXPECT_LE(started, now + 1);
  EXPECT_GT(started, now - 86400);
  const int one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(read_process_stats()->open_fds, before->open_fds + 1);
  ::close(one);
}

}  // namespace
}  // namespace weir::sidecar
