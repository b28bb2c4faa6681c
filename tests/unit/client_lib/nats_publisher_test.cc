// The publisher as a program sees it, where there is no NATS.
#include "weir/nats_publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "weir/registry.h"

namespace weir {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

// A port that is ours, and on which nobody listens: connections to it are refused.
class Nobody {
 public:
  Nobody() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    url = "nats://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Nobody() { ::close(socket_); }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;

  std::string url;

 private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
};

PublisherStatus wait_for_reason(const NatsPublisher& publisher, const std::string& word) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  PublisherStatus status = publisher.status();
  while (status.reason.find(word) == std::string::npos && Clock::now() < deadline) {
    std::this_thread::yield();
    status = publisher.status();
  }
  return status;
}

class NatsPublisherTest : public ::testing::Test {
 protected:
  const Nobody nobody_;
};

TEST_F(NatsPublisherTest, SaysWhyItIsNotConnected) {
  Registry registry;
  NatsPublisher publisher(registry, {.url = nobody_.url, .service = "s", .node = "n"});
  const PublisherStatus status = wait_for_reason(publisher, "No server");
  EXPECT_EQ(status.state, PublisherState::kConnecting);
  EXPECT_THAT(status.reason, HasSubstr(nobody_.url));
  EXPECT_EQ(status.service, "s");
  EXPECT_EQ(status.node, "n");
  EXPECT_EQ(status.frames_sent, 0u);
}

TEST_F(NatsPublisherTest, StopsInTimeAndOnce) {
  Registry registry;
  NatsPublisher publisher(registry, {.url = nobody_.url, .service = "s", .node = "n"});
  publisher.flush();
  const auto began = Clock::now();
  publisher.stop();
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(3));
  EXPECT_EQ(publisher.status().state, PublisherState::kStopped);
  EXPECT_FALSE(publisher.status().goodbye_acknowledged);
  publisher.stop();
  publisher.flush();
}

TEST_F(NatsPublisherTest, BadOptionsFailWithTheReason) {
  Registry registry;
  NatsPublisher publisher(registry, {.url = nobody_.url, .service = "a\tb"});
  EXPECT_EQ(publisher.status().state, PublisherState::kFailed);
  EXPECT_THAT(publisher.status().reason, HasSubstr("service"));
  publisher.stop();
  Registry broken({.constant_labels = {{"a b", "c"}}});
  EXPECT_EQ(NatsPublisher(broken, {.url = nobody_.url}).status().state, PublisherState::kFailed);
}

TEST_F(NatsPublisherTest, TheNullExporterPublishesNothing) {
  ::setenv("WEIR_EXPORTER", "null", 1);
  Registry registry;
  NatsPublisher publisher(registry, {.url = nobody_.url});
  ::unsetenv("WEIR_EXPORTER");
  EXPECT_EQ(publisher.status().state, PublisherState::kStopped);
  EXPECT_THAT(publisher.status().reason, HasSubstr("WEIR_EXPORTER=null"));
}

TEST_F(NatsPublisherTest, AnNkeyFileWithoutPublicKeyIsNamed) {
  Registry registry;
  NatsPublisher publisher(
      registry,
      {.url = nobody_.url, .service = "s", .node = "n", .nkey_seed_file = "/nowhere/nkey"});
  EXPECT_THAT(wait_for_reason(publisher, "nkey").reason, HasSubstr("/nowhere/nkey"));
}

TEST_F(NatsPublisherTest, AForkedChildCanLeaveItsCopyAlone) {
  Registry registry;
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  auto publisher = std::make_unique<NatsPublisher>(
      registry, NatsPublisherOptions{.url = nobody_.url, .service = "s", .node = "n"});
  (void)wait_for_reason(*publisher, "No server");
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);  // a child that hangs is killed, and fails the test
    counter.inc();
    publisher->flush();
    publisher->stop();
    const bool says_so = publisher->status().reason.find("forked") != std::string::npos;
    publisher.reset();
    ::_exit(says_so ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  publisher->stop();
}

}  // namespace
}  // namespace weir
