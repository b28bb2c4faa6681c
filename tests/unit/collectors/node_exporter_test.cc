// Name by name and value by value beside the real node_exporter, on the same fake tree. It is
// looked for in WEIR_TOOLS_DIR and build/tools/bin, where ./test puts it; without it this is
// skipped. On a live machine the same holds, but for what moves between two readings:
//   node_exporter --collector.disable-defaults --collector.cpu ... and weir-collector --once
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "collectors/assembly.h"
#include "collectors/runner.h"
#include "support.h"

namespace weir::collectors::testing {
namespace {

namespace fs = std::filesystem;

std::string node_exporter_binary() {
  std::vector<fs::path> folders = {fs::path(WEIR_SOURCE_DIR) / "build/tools"};
  if (const char* tools = std::getenv("WEIR_TOOLS_DIR")) {
    folders.insert(folders.begin(), tools);
  }
  for (const fs::path& folder : folders) {
    for (const char* name : {"bin/node_exporter", "usr/bin/prometheus-node-exporter"}) {
      if (fs::exists(folder / name)) {
        return folder / name;
      }
    }
  }
  return "";
}

class Socket {
 public:
  Socket() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::uint16_t free_port() {
  const Socket socket;
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof(address);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

// The body of /metrics; empty while nobody listens there.
std::string scrape(std::uint16_t port) {
  const Socket socket;
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return "";
  }
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  if (::write(socket.get(), request.data(), request.size()) < 0) {
    return "";
  }
  std::string answer;
  std::array<char, 65536> buffer;
  for (ssize_t got = 0; (got = ::read(socket.get(), buffer.data(), buffer.size())) > 0;) {
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

struct Page {
  std::map<std::string, std::string> types;
  std::map<std::string, std::string> helps;
  std::map<std::string, double> series;  // name and labels, sorted
};

// name{b="2",a="1"} and name{a="1",b="2"} are one series. REQUIRES: no comma in a value.
std::string sorted_labels(const std::string& series) {
  const std::size_t open = series.find('{');
  if (open == std::string::npos) {
    return series;
  }
  std::istringstream text(series.substr(open + 1, series.size() - open - 2));
  std::set<std::string> labels;
  for (std::string label; std::getline(text, label, ',');) {
    labels.insert(label);
  }
  std::string sorted = series.substr(0, open);
  for (const std::string& label : labels) {
    sorted += "," + label;
  }
  return sorted;
}

Page parse(const std::string& text) {
  Page page;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) {
      const std::size_t end = line.find(' ', 7);
      const std::string name = line.substr(7, end - 7);
      (line[2] == 'H' ? page.helps : page.types)[name] = line.substr(end + 1);
    } else if (line.rfind("node_", 0) == 0) {
      const std::size_t end = line.rfind(' ');
      page.series[sorted_labels(line.substr(0, end))] = std::stod(line.substr(end + 1));
    }
  }
  return page;
}

class NodeExporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    binary_ = node_exporter_binary();
    ASSERT_FALSE(binary_.empty())
        << "no node_exporter in WEIR_TOOLS_DIR or build/tools: ./test fetches it";
    std::string pattern = (fs::temp_directory_path() / "weir-beside-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::copy(fs::path(WEIR_SOURCE_DIR) / "tests/data/host", root_, fs::copy_options::recursive);
    // What node_exporter gives up on, and Weir skips.
    fs::remove_all(root_ / "proc/4242");
    const std::string mounts = slurp((root_ / "proc/1/mounts").string());
    std::ofstream(root_ / "proc/1/mounts") << mounts.substr(0, mounts.find("truncated"));
  }
  void TearDown() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    if (!root_.empty()) {
      fs::remove_all(root_);
    }
  }

  Page node_exporter_page() {
    const std::uint16_t port = free_port();
    std::vector<std::string> arguments = {
        binary_, "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=error",
        "--path.procfs=" + (root_ / "proc").string(), "--path.sysfs=" + (root_ / "sys").string(),
        "--path.rootfs=" + (root_ / "root").string(), "--collector.disable-defaults",
        // Of a fake tree, and upstream's defaults where Debian has its own.
        "--no-collector.netdev.netlink", "--collector.netdev.device-exclude=",
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/"
        "docker/.+|var/lib/containers/storage/.+)($|/)"};
    for (const char* name : {"cpu", "loadavg", "meminfo", "filesystem", "diskstats", "netdev",
                             "pressure", "stat", "processes", "uname", "time"}) {
      arguments.push_back(std::string("--collector.") + name);
    }
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
      pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    if (::posix_spawn(&child_, binary_.c_str(), nullptr, nullptr, pointers.data(), environ) != 0) {
      ADD_FAILURE() << "cannot start " << binary_;
      return {};
    }
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < give_up) {
      if (const std::string text = scrape(port); !text.empty()) {
        return parse(text);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << binary_ << " does not answer";
    return {};
  }

  Page weir_page() {
    World world;
    Settings settings;
    settings.paths = {(root_ / "proc").string(), (root_ / "sys").string(),
                      (root_ / "root").string()};
    Assembly assembly =
        assemble(linked_collectors(), settings, world.registry, world.health, world.log);
    Runner runner(std::move(assembly.jobs));
    EXPECT_THAT(runner.run_once(), ::testing::IsEmpty()) << world.log_text.str();
    return parse(world.registry.text());
  }

  fs::path root_;
  std::string binary_;
  pid_t child_ = 0;
};

std::string name_of(const std::string& series) {
  return series.substr(0, series.find(','));
}

// Of the collector itself, or of the moment.
bool is_compared(const std::string& series) {
  const std::string name = name_of(series);
  return name.rfind("node_scrape_", 0) != 0 && name != "node_exporter_build_info" &&
         name != "node_time_seconds";
}

TEST_F(NodeExporterTest, EverySeriesThatBothHaveAgreesInNameLabelsTypeHelpAndValue) {
  const Page theirs = node_exporter_page();
  const Page ours = weir_page();
  std::set<std::string> only_theirs;
  std::size_t both = 0;
  for (const auto& [series, value] : theirs.series) {
    if (!is_compared(series)) {
      continue;
    }
    const auto our = ours.series.find(series);
    const std::string name = name_of(series);
    if (our == ours.series.end()) {
      only_theirs.insert(name);
      continue;
    }
    ++both;
    EXPECT_EQ(ours.types.at(name), theirs.types.at(name)) << name;
    EXPECT_EQ(ours.helps.at(name), theirs.helps.at(name)) << name;
    // Free space moves under a test: what others write on this machine is small beside it.
    const bool moves = name.rfind("node_filesystem_", 0) == 0;
    EXPECT_NEAR(our->second, value, std::abs(value) * (moves ? 0.05 : 1e-9)) << series;
  }
  std::set<std::string> only_ours;
  for (const auto& [series, value] : ours.series) {
    if (is_compared(series) && theirs.series.count(series) == 0) {
      only_ours.insert(name_of(series));
    }
  }
  EXPECT_GT(both, 200u);
  // udev's properties of a disk are another source, not /proc.
  EXPECT_THAT(only_theirs, ::testing::ElementsAre("node_disk_info"));
  // node_exporter has the first by netlink only, which knows no fake tree.
  EXPECT_THAT(only_ours,
              ::testing::ElementsAre("node_network_receive_nohandler_total", "node_uptime_secs"));
}

}  // namespace
}  // namespace weir::collectors::testing
