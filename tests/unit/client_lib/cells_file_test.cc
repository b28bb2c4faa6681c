// A registry's cells in a file: made where it can be, and where it can not, said why.
#include "client_lib/src/cells_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "client_lib/src/discovery.h"
#include "client_lib/src/frame_source.h"
#include "weir/registry.h"

namespace weir {
namespace {

using ::testing::HasSubstr;

class CellsFileTest : public ::testing::Test {
 protected:
  CellsFileTest() {
    std::string pattern = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/weir-test-XXXXXX"
                                                                    : "/tmp/weir-test-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~CellsFileTest() override { std::filesystem::remove_all(folder); }

  RegistryOptions options() const { return {.cells_dir = folder}; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }
  // In a process of its own; answers what run() answers, or the signal that ended it, negative.
  static int in_a_child(const std::function<int()>& run) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(run());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // Counts on many threads, one segment more for each. 0: all is counted.
  static int count_much(Registry& registry) {
    CounterFamily family =
        *registry.counter_family({.name = "many_total", .help = "h", .labels = {"i"}});
    const int series = 20'000;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([family, series]() mutable {
        for (int i = 0; i < series; ++i) {
          family.with(std::to_string(i)).inc();
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    const std::string text = registry.text();
    return text.find("many_total{i=\"0\"} 8\n") != std::string::npos &&
                   text.find("many_total{i=\"19999\"} 8\n") != std::string::npos
               ? 0
               : 1;
  }

  std::string folder;
};

TEST_F(CellsFileTest, StandsInTheDirectoryWhileTheRegistryLives) {
  {
    Registry registry(options());
    const CellsState cells = registry.cells();
    EXPECT_THAT(cells.file, HasSubstr(folder + "/" + std::to_string(::getpid()) + "-"));
    EXPECT_TRUE(cells.file.ends_with(".cells"));
    struct stat info {};
    ASSERT_EQ(::stat(cells.file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0660u);
    EXPECT_EQ(files(), 1u);
  }
  EXPECT_EQ(files(), 0u);  // it never had a publisher
}

TEST_F(CellsFileTest, WhatPublishedStaysForTheSidecar) {
  {
    Registry registry(options());
    FrameSource source(registry.core(), {.node = "n", .service = "s"}, {1, 2});
    source.name_cells("weir");
  }
  EXPECT_EQ(files(), 1u);
}

TEST_F(CellsFileTest, ABadUmaskDoesNotHideItFromTheSidecar) {
  const mode_t before = ::umask(0777);
  Registry registry(options());
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat(registry.cells().file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0660u);
}

TEST_F(CellsFileTest, TheEnvironmentNamesTheDirectory) {
  Surroundings surroundings;
  std::optional<std::string> value;
  surroundings.environment = [&](const char* name) {
    return std::string(name) == "WEIR_CELLS_DIR" ? value : std::nullopt;
  };
  surroundings.read_file = [](const std::string&) { return std::nullopt; };
  EXPECT_EQ(cells_directory("", surroundings), "/run/weir/cells");
  value = "/elsewhere";
  EXPECT_EQ(cells_directory("", surroundings), "/elsewhere");
  EXPECT_EQ(cells_directory("/mine", surroundings), "/mine");
  EXPECT_EQ(cells_directory("none", surroundings), "");
  value = "none";
  EXPECT_EQ(cells_directory("", surroundings), "");
}

TEST_F(CellsFileTest, WhereNoFileCanBeMadeTheReasonIsSaid) {
  EXPECT_EQ(Registry({.cells_dir = "none"}).cells().note, "switched off");
  Registry missing({.cells_dir = folder + "/no"});
  EXPECT_EQ(missing.cells().file, "");
  EXPECT_EQ(missing.cells().note, "can not use " + folder + "/no: No such file or directory");
  Counter counter = *missing.counter({.name = "x_total", .help = "h"});
  counter.inc();
  EXPECT_THAT(missing.text(), HasSubstr("x_total 1\n"));
  std::ofstream(folder + "/file") << "x";
  EXPECT_EQ(Registry({.cells_dir = folder + "/file"}).cells().note,
            "can not make a file in " + folder + "/file: Not a directory");
}

TEST_F(CellsFileTest, AnUnwritableDirectoryIsAReason) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to become someone else";
  }
  const int result = in_a_child([&] {
    if (::chmod(folder.c_str(), 0755) != 0 || ::setuid(65534) != 0) {
      return 10;
    }
    Registry registry(options());
    const CellsState cells = registry.cells();
    return cells.file.empty() && cells.note.ends_with(": Permission denied") ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

// On a volume of its own, of so many bytes.
int on_a_small_volume(const std::string& folder, std::size_t bytes,
                      const std::function<int()>& run) {
  const std::string size = "size=" + std::to_string(bytes);
  if (::mount("weir-test", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    return 77;
  }
  const int result = run();
  ::umount2(folder.c_str(), MNT_DETACH);
  return result;
}

TEST_F(CellsFileTest, AFullVolumeEndsInPrivateMemoryAndAReason) {
  for (const std::size_t blocks : {0u, 1u, 2u, 3u, 5u, 9u, 12u, 20u}) {
    const int result = on_a_small_volume(folder, (blocks + 1) * 65536 - 4096, [&] {
      return in_a_child([&] {
        Registry registry(options());
        if (const int wrong = count_much(registry); wrong != 0) {
          return wrong;
        }
        const CellsState cells = registry.cells();
        if (!cells.note.ends_with(": No space left on device")) {
          return 2;
        }
        return cells.file.empty() == (blocks < 2) ? 0 : 3;  // head and log, at least
      });
    });
    if (result == 77) {
      GTEST_SKIP() << "can not mount a tmpfs";
    }
    EXPECT_EQ(result, 0) << blocks << " blocks";
  }
}

// What a former instance was may not stand in the file when it can not be said that it is no more.
TEST_F(CellsFileTest, AnIdentityThatCanNotBeWrittenTakesTheFileAway) {
  const int result = on_a_small_volume(folder, 5 * 65536, [&] {
    return in_a_child([&] {
      Registry registry(options());
      FrameSource source(registry.core(), {.node = "n", .service = "s"}, {1, 2});
      source.name_cells("weir");
      if (registry.cells().file.empty()) {
        return 1;
      }
      if (const int wrong = count_much(registry); wrong != 0) {
        return 2;
      }
      source.renew({1, 3}, 0, true);
      source.name_cells("weir");
      return registry.cells().file.empty() && files() == 0 && !registry.cells().note.empty() ? 0
                                                                                             : 3;
    });
  });
  if (result == 77) {
    GTEST_SKIP() << "can not mount a tmpfs";
  }
  EXPECT_EQ(result, 0);
}

TEST_F(CellsFileTest, ALimitOfFileSizesIsNoSignal) {
  const int result = in_a_child([&] {
    const rlimit limit{4 * 65536, 4 * 65536};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Registry registry(options());
    const int wrong = count_much(registry);
    return wrong != 0 ? wrong : registry.cells().note.ends_with(": File too large") ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(CellsFileTest, TheDescriptorIsNotInherited) {
  Registry registry(options());
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (std::filesystem::read_symlink(entry.path(), error) == registry.cells().file) {
      ++found;
      const int descriptor = std::stoi(entry.path().filename());
      EXPECT_EQ(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
  }
  EXPECT_EQ(found, 1);
}

TEST_F(CellsFileTest, AProgramThatClosesItHasItsOtherFilesLeftAlone) {
  const int result = in_a_child([&] {
    std::string other = folder + "/other";
    {
      Registry registry(options());
      (*registry.counter({.name = "x_total", .help = "h"})).inc();
      for (int descriptor = 3; descriptor < 256; ++descriptor) {
        ::close(descriptor);  // as a daemon does
      }
      for (int i = 0; i < 16; ++i) {
        if (::open(other.c_str(), O_RDWR | O_CREAT, 0600) < 0) {
          return 1;
        }
      }
      if (const int wrong = count_much(registry); wrong != 0) {
        return 2;
      }
      const CellsState cells = registry.cells();
      if (!cells.file.empty() || cells.note.find("closed the descriptor") == std::string::npos) {
        return 3;
      }
    }
    for (int descriptor = 3; descriptor < 19; ++descriptor) {
      if (::fcntl(descriptor, F_GETFD) < 0) {
        return 4;
      }
    }
    return std::filesystem::file_size(other) == 0 ? 0 : 5;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(CellsFileTest, AChildThatForksAgainCountsFromZeroOnceMore) {
  Registry registry(options());
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  counter.inc(5);
  const int result = in_a_child([&] {
    counter.inc(3);
    const int inner = in_a_child([&] {
      counter.inc(1);
      return registry.text().find("x_total 1\n") != std::string::npos ? 0 : 1;
    });
    return inner != 0 ? inner : registry.text().find("x_total 3\n") != std::string::npos ? 0 : 2;
  });
  EXPECT_EQ(result, 0);
  EXPECT_THAT(registry.text(), HasSubstr("x_total 5\n"));
  EXPECT_EQ(files(), 1u);  // a child takes nothing away
}

TEST_F(CellsFileTest, ADirectoryThatIsNoMemoryIsNamed) {
  char pattern[] = "/var/tmp/weir-test-XXXXXX";
  if (::mkdtemp(pattern) == nullptr) {
    GTEST_SKIP() << "no /var/tmp";
  }
  {
    Registry registry({.cells_dir = pattern});
    EXPECT_FALSE(registry.cells().file.empty());
    const std::string note = registry.cells().note;
    if (!note.empty()) {  // /var/tmp may be memory as well
      EXPECT_THAT(note, HasSubstr("use a tmpfs"));
    }
  }
  std::filesystem::remove_all(pattern);
}

TEST_F(CellsFileTest, TotalsAreThoseOfPrivateMemory) {
  Registry in_file(options());
  Registry in_memory({.cells_dir = "none"});
  for (Registry* registry : {&in_file, &in_memory}) {
    EXPECT_EQ(count_much(*registry), 0);
  }
  EXPECT_EQ(in_file.text(), in_memory.text());
}

}  // namespace
}  // namespace weir
