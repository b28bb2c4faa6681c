// Programs that are killed, and the folder that finds what they left.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client_lib/src/frame_source.h"
#include "sidecar/cells/folder.h"
#include "sidecar/cells/posix_cells_directory.h"
#include "tests/unit/client_lib/receiver.h"
#include "weir/registry.h"

namespace weir::sidecar {

inline constexpr wire::InstanceId kFirst{7, 1};

// A folder in memory, as /run is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/weir-test-XXXXXX"
                                                                    : "/tmp/weir-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

 private:
  std::string path_;
};

inline std::vector<std::uint8_t> bytes_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline PublisherIdentity identity_of(const std::string& service) {
  PublisherIdentity identity;
  identity.node = "n";
  identity.service = service;
  identity.pid = static_cast<std::uint32_t>(::getpid());
  identity.started_unix_ms = 1000;
  return identity;
}

// Runs a program in a process of its own, which never returns into the test.
class Program {
 public:
  explicit Program(const std::function<void(int report)>& run) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      run(ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  ~Program() {
    kill();
    ::close(reports_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The next number that it wrote to `report`; false at the end.
  bool next(std::uint64_t& number) {
    return ::read(reports_, &number, sizeof number) == sizeof number;
  }
  // Waits until it says something.
  std::uint64_t wait() {
    std::uint64_t number = ~std::uint64_t{0};
    EXPECT_TRUE(next(number));
    return number;
  }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      int status = 0;
      ::waitpid(pid_, &status, 0);
      pid_ = 0;
    }
  }
  int join() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int reports_ = -1;
};

inline void say(int report, std::uint64_t number) {
  (void)!::write(report, &number, sizeof number);
}

// Takes goodbyes as a sidecar would, per subject.
class Heard : public FoldSink {
 public:
  Outcome fold(std::string_view subject, Frames frames) override {
    if (!durable) {
      return Outcome::kLater;
    }
    subjects.emplace_back(subject);
    for (const std::vector<std::uint8_t>& bytes : frames) {
      last = bytes;
      EXPECT_FALSE(decoder.decode(last));
      EXPECT_EQ(decoder.frame().kind, wire::Kind::kGoodbye);
      EXPECT_TRUE(decoder.frame().folded);
      increments[std::string(subject)] = decoder.frame().increments;
      of(subject).receive(bytes);
    }
    return Outcome::kDurable;
  }
  Receiver& of(std::string_view subject) { return receivers[std::string(subject)]; }
  // The only one.
  Receiver& receiver() {
    EXPECT_EQ(receivers.size(), 1u);
    return receivers.begin()->second;
  }

  bool durable = true;
  std::vector<std::string> subjects;
  std::map<std::string, Receiver> receivers;
  std::map<std::string, std::uint64_t> increments;
  std::vector<std::uint8_t> last;  // what the decoder's frame points into
  wire::Decoder decoder;
};

class CellsTest : public ::testing::Test {
 protected:
  RegistryOptions options() { return {.cells_dir = folder_.path()}; }
  // Until nothing is left to do; answers how many were folded.
  std::uint64_t fold() {
    const std::uint64_t before = folder.counts().folded;
    while (folder.step(now_unix_ms)) {
    }
    return folder.counts().folded - before;
  }

  TemporaryFolder folder_;
  PosixCellsDirectory directory{folder_.path()};
  Heard heard;
  Folder folder{directory, heard};
  std::int64_t now_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
};

}  // namespace weir::sidecar
