// Which files stay open between two readings, and that nothing is read from one that has gone.
#include "collectors/host/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "support.h"

namespace weir::collectors::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class TextFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-text-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
};

TEST_F(TextFileTest, AFileOfTheKernelStaysOpenAndIsReadFromItsBeginning) {
  TextFile file("/proc/uptime");
  ASSERT_TRUE(file.read());
  EXPECT_EQ(open_files("/proc/uptime"), 1u);
  const double first = std::stod(std::string(file.text()));
  ASSERT_TRUE(file.read());
  EXPECT_GE(std::stod(std::string(file.text())), first);
  EXPECT_EQ(open_files("/proc/uptime"), 1u);
}

TEST_F(TextFileTest, AFileOfManyRecordsIsReadWholeEachTime) {
  TextFile file("/proc/self/maps");
  for (int reading = 0; reading < 3; ++reading) {
    ASSERT_TRUE(file.read());
    ASSERT_GT(file.text().size(), 4096u) << "more than the kernel gives at once";
    EXPECT_THAT(std::string(file.text()), HasSubstr("[stack]\n"));
    EXPECT_EQ(file.text().back(), '\n');
  }
}

TEST_F(TextFileTest, ThatOfAProcessThatHasEndedCannotBeReadAndIsClosed) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  const std::string path = "/proc/" + std::to_string(child) + "/stat";
  TextFile file(path);
  EXPECT_TRUE(file.read());
  EXPECT_EQ(open_files(path), 1u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(file.read());
  EXPECT_THAT(file.error(), AnyOf(ENOENT, ESRCH));
  EXPECT_EQ(file.text(), "");
  EXPECT_EQ(open_files(path), 0u);
}

TEST_F(TextFileTest, AnotherFileThatHasTakenTheNameIsRead) {
  const std::filesystem::path path = root_ / "stat";
  std::ofstream(path) << "old";
  TextFile file(path.string());
  ASSERT_TRUE(file.read());
  std::ofstream(root_ / "new") << "new";
  std::filesystem::rename(root_ / "new", path);
  ASSERT_TRUE(file.read());
  EXPECT_EQ(file.text(), "new");
}

TEST_F(TextFileTest, WhatIsReadAnewIsNotKeptOpen) {
  TextFile file("/proc/self/mounts");
  ASSERT_TRUE(file.read_anew());
  EXPECT_NE(file.text(), "");
  EXPECT_EQ(open_files("/proc/", "/mounts"), 0u);
}

}  // namespace
}  // namespace weir::collectors::testing
