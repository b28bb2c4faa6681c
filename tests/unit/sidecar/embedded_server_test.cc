// The embedded broker with the real nats-server: starts, comes back, and never outlives its owner.
#include "sidecar/nats/embedded_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "sidecar/nats/embedded_binary.h"
#include "sidecar/nats/embedded_files.h"
#include "sidecar/nats/embedded_probe.h"
#include "tests/unit/sidecar/http_client.h"

namespace weir::sidecar {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;

// The one that the build's set-up fetched, or the machine's own.
std::string nats_server() {
  const char* named = std::getenv("WEIR_TEST_NATS_SERVER");
  const Result<std::string> found =
      find_nats_server(binary_search_of_this_process(named == nullptr ? "" : named));
  return found.ok() ? *found : "";
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

// A zombie that nobody collects has ended as well.
bool has_ended(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  return !std::getline(stat, text) || text.find(") Z ") != std::string::npos;
}

class EmbeddedServerTest : public testing::Test {
 protected:
  EmbeddedServerTest() {
    std::string name = testing::TempDir() + "weir_run_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    options_.binary = nats_server();
    options_.listen = {"127.0.0.1", 0};
    options_.run_dir = dir_ + "/weir";
    options_.backoff_min = 1ms;
  }
  ~EmbeddedServerTest() override { std::filesystem::remove_all(dir_); }

  void SetUp() override {
    ASSERT_FALSE(options_.binary.empty()) << "no nats-server: ./test fetches one";
  }

  EmbeddedLogger logger() {
    return [this](EmbeddedLog level, std::string_view text) {
      const std::lock_guard lock(mutex_);
      (level == EmbeddedLog::kDebug ? quiet_ : loud_) += std::string(text) + "\n";
    };
  }
  std::string loud() {
    const std::lock_guard lock(mutex_);
    return loud_;
  }

  std::string dir_;
  EmbeddedServerOptions options_;
  std::mutex mutex_;
  std::string loud_;
  std::string quiet_;
};

TEST_F(EmbeddedServerTest, StartsAndWantsItsToken) {
  EmbeddedServer server(options_, logger());
  const Status status = server.start();
  ASSERT_TRUE(status.ok()) << status.reason();
  EXPECT_TRUE(server.status().up);
  EXPECT_TRUE(is_supported_nats_version(server.status().version));
  EXPECT_EQ(server.url(), "nats://127.0.0.1:" + std::to_string(server.port()));

  struct stat info {};
  ASSERT_EQ(::stat(server.token_file().c_str(), &info), 0);
  EXPECT_THAT(info.st_mode & 0777u, AnyOf(0600u, 0640u));
  EXPECT_EQ(read_own_file(server.token_file()), server.token() + "\n");

  testing_http::Client stranger(server.port());
  stranger.send("CONNECT {\"verbose\":false}\r\nPING\r\n");
  EXPECT_TRUE(stranger.closed_within(10s));
  testing_http::Client friend_of_ours(server.port());
  friend_of_ours.send("CONNECT {\"verbose\":false,\"auth_token\":\"" + server.token() +
                      "\"}\r\nPING\r\n");
  EXPECT_FALSE(friend_of_ours.closed_within(200ms));
}

TEST_F(EmbeddedServerTest, SaysNothingUnaskedAboutAGoodStart) {
  EmbeddedServer server(options_, logger());
  ASSERT_TRUE(server.start().ok());
  server.stop();
  EXPECT_EQ(loud(), "");
  EXPECT_THAT(quiet_, HasSubstr("Server is ready"));
  EXPECT_THAT(quiet_, testing::Not(HasSubstr(server.token())));
}

TEST_F(EmbeddedServerTest, StopEndsTheProcess) {
  EmbeddedServer server(options_);
  ASSERT_TRUE(server.start().ok());
  const pid_t pid = server.status().pid;
  ASSERT_GT(pid, 0);
  server.stop();
  EXPECT_TRUE(has_ended(pid));
  EXPECT_FALSE(server.status().up);
  EXPECT_TRUE(is_port_free("127.0.0.1", server.port()));
}

TEST_F(EmbeddedServerTest, ComesBackOnTheSamePortAfterItWasKilled) {
  EmbeddedServer server(options_, logger());
  ASSERT_TRUE(server.start().ok());
  for (std::uint64_t round = 1; round <= 3; ++round) {
    const pid_t pid = server.status().pid;
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return server.status().restarts == round; }));
    EXPECT_TRUE(server.status().up);
    EXPECT_NE(server.status().pid, pid);
    EXPECT_TRUE(testing_http::Client(server.port()).connected());
  }
  EXPECT_THAT(loud(), HasSubstr("down: it ended with signal 9; restart in "));
}

TEST_F(EmbeddedServerTest, StopDuringTheBackOffIsPrompt) {
  options_.backoff_min = 1h;
  options_.backoff_max = 1h;
  EmbeddedServer server(options_);
  ASSERT_TRUE(server.start().ok());
  ASSERT_EQ(::kill(server.status().pid, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return !server.status().up; }));
  EXPECT_THAT(server.status().reason, HasSubstr("signal 9"));
  server.stop();
}

TEST_F(EmbeddedServerTest, TakesAnotherPortIfTheUsualOneIsTaken) {
  EmbeddedServer first(options_);
  ASSERT_TRUE(first.start().ok());
  EmbeddedServerOptions other = options_;
  other.listen.port = first.port();
  EmbeddedServer second(other, logger());
  const Status status = second.start();
  ASSERT_TRUE(status.ok()) << status.reason();
  EXPECT_NE(second.port(), first.port());
  EXPECT_THAT(loud(), HasSubstr("port " + std::to_string(first.port()) + " is in use"));
  // Neither harms the other.
  second.stop();
  EXPECT_TRUE(first.status().up);
  EXPECT_TRUE(testing_http::Client(first.port()).connected());
}

TEST_F(EmbeddedServerTest, PortAndTokenOutliveTheSidecar) {
  std::string token;
  std::uint16_t port = 0;
  for (int life = 0; life < 2; ++life) {
    EmbeddedServer server(options_);
    ASSERT_TRUE(server.start().ok());
    if (life == 1) {
      EXPECT_EQ(server.token(), token);
      EXPECT_EQ(server.port(), port);
    }
    token = server.token();
    port = server.port();
  }
}

TEST_F(EmbeddedServerTest, ABinaryThatFailsIsNamedWithItsReason) {
  options_.binary = "/bin/false";
  EmbeddedServer server(options_);
  EXPECT_EQ(server.start().reason(),
            "cannot start the embedded nats-server (/bin/false): it ended with exit status 1");
}

TEST_F(EmbeddedServerTest, ABinaryThatDoesNotAnswerIsGivenUp) {
  const std::string script = dir_ + "/silent";
  std::ofstream(script) << "#!/bin/sh\nexec sleep 1000\n";
  ::chmod(script.c_str(), 0755);
  options_.binary = script;
  options_.start_timeout = 50ms;
  options_.stop_patience = 2s;
  EmbeddedServer server(options_);
  EXPECT_THAT(server.start().reason(), HasSubstr("it did not answer on port "));
}

TEST_F(EmbeddedServerTest, OneThatIgnoresSigtermIsKilled) {
  const std::string script = dir_ + "/stubborn";
  std::ofstream(script) << "#!/bin/sh\ntrap '' TERM\necho $$ > " << dir_
                        << "/pid\nwhile :; do sleep 0.05; done\n";
  ::chmod(script.c_str(), 0755);
  options_.binary = script;
  options_.start_timeout = 500ms;
  options_.stop_patience = 50ms;
  EmbeddedServer server(options_);
  EXPECT_FALSE(server.start().ok());
  pid_t pid = 0;
  std::ifstream(dir_ + "/pid") >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(has_ended(pid));
}

TEST_F(EmbeddedServerTest, ARunDirOfSomeoneElseIsRefused) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give a folder away";
  }
  ::mkdir(options_.run_dir.c_str(), 0755);
  ASSERT_EQ(::chown(options_.run_dir.c_str(), 12345, 12345), 0);
  EmbeddedServer server(options_);
  EXPECT_THAT(server.start().reason(), HasSubstr("belongs to another user"));
}

// Not a test of its own: the process that DiesWithItsOwner kills.
TEST(EmbeddedServerHelper, DISABLED_RunsUntilItIsKilled) {
  EmbeddedServerOptions options;
  options.binary = nats_server();
  options.listen = {"127.0.0.1", 0};
  options.run_dir = std::getenv("WEIR_TEST_RUN_DIR");
  EmbeddedServer server(options);
  ASSERT_TRUE(server.start().ok());
  const std::string report = std::to_string(server.status().pid) + "\n";
  ASSERT_TRUE(
      write_file_atomically(std::string(std::getenv("WEIR_TEST_RUN_DIR")) + "/pid", report, 0600)
          .ok());
  for (;;) {
    ::pause();
  }
}

TEST_F(EmbeddedServerTest, DiesWithItsOwner) {
  const std::string run_dir = dir_ + "/helper";
  ::setenv("WEIR_TEST_RUN_DIR", run_dir.c_str(), 1);
  const pid_t helper = ::fork();
  if (helper == 0) {
    ::execl("/proc/self/exe", "helper", "--gtest_also_run_disabled_tests",
            "--gtest_filter=EmbeddedServerHelper.*", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  pid_t server = 0;
  ASSERT_TRUE(eventually([&] {
    std::ifstream(run_dir + "/pid") >> server;
    return server > 0;
  }));
  EXPECT_FALSE(has_ended(server));
  ASSERT_EQ(::kill(helper, SIGKILL), 0);
  EXPECT_EQ(::waitpid(helper, nullptr, 0), helper);
  EXPECT_TRUE(eventually([&] { return has_ended(server); }));
}

TEST(EmbeddedBinaryTest, TheOptionAloneCountsIfItIsSet) {
  const Result<std::string> found =
      find_nats_server({.option = "/nowhere/nats-server", .path_variable = "/bin"});
  EXPECT_EQ(found.reason(),
            "nats.embedded.binary: /nowhere/nats-server is not a program that can "
            "be run");
  EXPECT_EQ(*find_nats_server({.option = "/bin/true"}), "/bin/true");
}

TEST(EmbeddedBinaryTest, IsFoundInPathAndBesideTheBuild) {
  std::string root = testing::TempDir() + "weir_find_XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto make = [&](const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "#!/bin/sh\n";
    ::chmod(path.c_str(), 0755);
  };
  make(root + "/build/tools/a/usr/sbin/nats-server");
  make(root + "/path dir/nats-server");
  BinarySearch search{.option = "",
                      .path_variable = "relative::/nowhere:" + root + "/path dir",
                      .executable_dir = root + "/build/release/bin"};
  EXPECT_EQ(*find_nats_server(search), root + "/path dir/nats-server");
  if (::access("/usr/sbin/nats-server", X_OK) != 0 &&
      ::access("/usr/local/bin/nats-server", X_OK) != 0) {
    search.path_variable = "";
    EXPECT_EQ(*find_nats_server(search), root + "/build/tools/a/usr/sbin/nats-server");
    search.executable_dir = "";
    EXPECT_THAT(find_nats_server(search).reason(), HasSubstr("cannot find nats-server in PATH"));
  }
  std::filesystem::remove_all(root);
}

TEST(EmbeddedProbeTest, VersionsFrom29OnAreSupported) {
  for (const char* version : {"2.9.0", "2.9.10", "2.10.1-beta", "3.0.0"}) {
    EXPECT_TRUE(is_supported_nats_version(version)) << version;
  }
  for (const char* version : {"", "2", "2.", "2.8.4", "1.99.0", "x.y", "v2.9.1"}) {
    EXPECT_FALSE(is_supported_nats_version(version)) << version;
  }
}

}  // namespace
}  // namespace weir::sidecar
