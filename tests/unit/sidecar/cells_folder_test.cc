// The folder's manners: nothing is deleted before it is durable, nothing unreadable is lost.
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "tests/unit/sidecar/cells_fixture.h"

namespace weir::sidecar {
namespace {

// The bytes of a file as a program leaves it. The registry is of this process: the file is copied
// while it lives, as a kill at this moment would leave it.
std::vector<std::uint8_t> left_behind() {
  const TemporaryFolder folder;
  Registry registry({.cells_dir = folder.path()});
  FrameSource source(registry.core(), identity_of("s"), kFirst);
  source.name_cells("weir");
  (*registry.counter({.name = "x_total", .help = "h"})).inc(3);
  return bytes_of_file(registry.cells().file);
}

struct FakeDirectory : CellsDirectory {
  Result<std::vector<Abandoned>> abandoned(std::int64_t) override {
    if (broken) {
      return Status::error("cannot list /cells: gone");
    }
    std::vector<Abandoned> found;
    for (const auto& [name, bytes] : files) {
      found.push_back({name, 1, bytes.size(), {}});
    }
    return found;
  }
  Result<std::vector<std::uint8_t>> read(const std::string& name, std::uint64_t) override {
    ++reads;
    return files.at(name);
  }
  Result<std::vector<std::string>> standing() override { return Status::error("not asked for"); }
  Result<std::vector<std::uint8_t>> read_part(const std::string&, std::uint64_t,
                                              std::size_t) override {
    return Status::error("not asked for");
  }
  Status remove(const std::string& name) override {
    if (stuck) {
      return Status::error("cannot remove /cells/" + name + ": read-only");
    }
    files.erase(name);
    return {};
  }
  Status set_aside(const std::string& name) override {
    if (stuck) {
      return Status::error("cannot rename /cells/" + name + ": read-only");
    }
    refused.insert(name);
    files.erase(name);
    return {};
  }
  std::map<std::string, std::vector<std::uint8_t>> files;
  std::set<std::string> refused;
  bool broken = false, stuck = false;
  int reads = 0;
};

struct Reports : Folder::Listener {
  void folded(const std::string& file, const std::string& service, std::uint32_t) override {
    lines.push_back(file + " " + service);
  }
  void refused(const std::string& file, std::uint32_t owner_uid, const std::string& why) override {
    lines.push_back(file + " " + std::to_string(owner_uid) + " " + why);
  }
  std::vector<std::string> lines;
};

class FolderTest : public ::testing::Test {
 protected:
  FakeDirectory directory;
  Heard heard;
  Reports reports;
  Folder folder{directory, heard, {.files_per_step_max = 3}, &reports};
};

TEST_F(FolderTest, WhatIsNotDurableStaysAndComesAgain) {
  directory.files["a.cells"] = left_behind();
  heard.durable = false;
  folder.step(1000);
  folder.step(1500);  // not at once
  EXPECT_EQ(directory.reads, 1);
  EXPECT_EQ(folder.counts().folded, 0u);
  EXPECT_EQ(folder.counts().postponed, 1u);
  EXPECT_EQ(directory.files.size(), 1u);
  heard.durable = true;
  folder.step(2000);
  EXPECT_EQ(folder.counts().folded, 1u);
  EXPECT_TRUE(directory.files.empty());
  EXPECT_EQ(reports.lines, (std::vector<std::string>{"a.cells s"}));
}

TEST_F(FolderTest, WhatIsFoldedAndStaysIsNotFoldedAgain) {
  directory.files["a.cells"] = left_behind();
  directory.stuck = true;
  folder.step(1000);
  folder.step(3000);
  EXPECT_EQ(heard.subjects.size(), 1u);
  EXPECT_EQ(folder.counts().last_reason, "a.cells: cannot remove /cells/a.cells: read-only");
  directory.stuck = false;
  folder.step(5000);
  EXPECT_EQ(heard.subjects.size(), 1u);
  EXPECT_TRUE(directory.files.empty());
}

TEST_F(FolderTest, AStepEndsAfterSoManyFiles) {
  for (int i = 0; i < 5; ++i) {
    directory.files[std::to_string(i) + ".cells"] = left_behind();
  }
  EXPECT_TRUE(folder.step(1000));
  EXPECT_EQ(folder.counts().folded, 3u);
  EXPECT_FALSE(folder.step(1000));
  EXPECT_EQ(folder.counts().folded, 5u);
}

TEST_F(FolderTest, ANewerLayoutIsSetAside) {
  std::vector<std::uint8_t> bytes = left_behind();
  wire::cells_file::Head head;
  std::memcpy(&head, bytes.data(), sizeof head);
  head.layout_version = 2;
  head.checksum = checksum_of(head);
  std::memcpy(bytes.data(), &head, sizeof head);
  directory.files["new.cells"] = bytes;
  directory.files["zero.cells"] = std::vector<std::uint8_t>(1 << 17);
  folder.step(1000);
  EXPECT_EQ(directory.refused, (std::set<std::string>{"new.cells", "zero.cells"}));
  EXPECT_EQ(folder.counts().refused, 2u);
  EXPECT_EQ(reports.lines, (std::vector<std::string>{
                               "new.cells 1 layout version 2, this program reads version 1",
                               "zero.cells 1 no cells file, or one that was never initialised"}));
}

TEST_F(FolderTest, WhatCanNotBeSetAsideIsReportedOnce) {
  directory.files["bad.cells"] = {1, 2, 3};
  directory.stuck = true;
  folder.step(1000);
  folder.step(3000);
  EXPECT_EQ(folder.counts().refused, 1u);
  EXPECT_EQ(reports.lines.size(), 1u);
}

TEST_F(FolderTest, ABrokenDirectoryIsAReason) {
  directory.broken = true;
  EXPECT_FALSE(folder.step(1000));
  EXPECT_EQ(folder.counts().last_reason, "cannot list /cells: gone");
}

using PosixCells = CellsTest;

TEST_F(PosixCells, MakesTheDirectoryForTheGroup) {
  PosixCellsDirectory made(folder_.path() + "/cells");
  ASSERT_TRUE(made.prepare().ok());
  EXPECT_TRUE(made.prepare().ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder_.path() + "/cells").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 02770u);
  EXPECT_FALSE(PosixCellsDirectory(folder_.path() + "/no/cells").prepare().ok());
}

TEST_F(PosixCells, OnlyRegularFilesAreRead) {
  std::ofstream(folder_.path() + "/other.txt") << "not ours";
  std::filesystem::create_symlink("/etc/passwd", folder_.path() + "/link.cells");
  std::filesystem::create_directory(folder_.path() + "/folder.cells");
  ASSERT_EQ(::mkfifo((folder_.path() + "/pipe.cells").c_str(), 0600), 0);
  EXPECT_EQ(fold(), 0u);
  EXPECT_EQ(folder.counts().refused, 3u);
  std::vector<std::string> names = folder_.names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"folder.cells.refused", "link.cells.refused",
                                             "other.txt", "pipe.cells.refused"}));
  EXPECT_EQ(folder.step(now_unix_ms), false);
  EXPECT_EQ(folder.counts().refused, 3u);
}

// The file says the process id of this test, which lives: its owner is gone all the same, and the
// id has gone to another process.
TEST_F(PosixCells, AProcessIdThatIsUsedAgainKeepsNoFile) {
  const std::vector<std::uint8_t> bytes = left_behind();
  std::ofstream(folder_.path() + "/a.cells", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(fold(), 1u);
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(PosixCells, ALargerFileThanTheLimitIsRefused) {
  const std::vector<std::uint8_t> bytes = left_behind();
  std::ofstream(folder_.path() + "/a.cells", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  Folder strict(directory, heard, {.file_bytes_max = 1000});
  strict.step(now_unix_ms);
  EXPECT_EQ(strict.counts().refused, 0u) << "another sidecar may just have taken it";
  now_unix_ms += 1000;
  strict.step(now_unix_ms);
  EXPECT_EQ(strict.counts().refused, 1u);
  EXPECT_NE(strict.counts().last_reason.find("the limit is 1000"), std::string::npos);
}

TEST_F(PosixCells, FilesThatWereNeverFinishedAreRemovedAfterAMinute) {
  std::ofstream(folder_.path() + "/.new-1.cells") << "x";
  EXPECT_EQ(fold(), 0u);
  EXPECT_EQ(folder_.names().size(), 1u);
  now_unix_ms += PosixCellsDirectory::kTemporaryMs + 2000;
  EXPECT_EQ(fold(), 0u);
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(PosixCells, RefusedFilesAreNotKeptWithoutEnd) {
  for (std::size_t i = 0; i < PosixCellsDirectory::kRefusedMax + 10; ++i) {
    std::ofstream(folder_.path() + "/" + std::to_string(i) + ".cells") << "x";
  }
  fold();
  EXPECT_EQ(folder_.names().size(), PosixCellsDirectory::kRefusedMax);
}

}  // namespace
}  // namespace weir::sidecar
