// Subscriptions that end while messages for them arrive: nats.c may not be asked to free one that
// its reading thread holds. The server of these tests sends without a pause, also what nobody wants
// any more.
#include "client_lib/src/nats_handles.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;

// One connection at a time.
class FloodingServer {
 public:
  FloodingServer() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    url = "nats://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~FloodingServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
  }
  FloodingServer(const FloodingServer&) = delete;
  FloodingServer& operator=(const FloodingServer&) = delete;

  std::string url;

 private:
  void serve() {
    while (!stopping_) {
      pollfd wanted{listener_, POLLIN, 0};
      if (::poll(&wanted, 1, 10) == 1) {
        const int client = ::accept(listener_, nullptr, nullptr);
        talk(client);
        ::close(client);
      }
    }
  }

  void talk(int client) const {
    std::string out =
        "INFO {\"server_id\":\"flood\",\"version\":\"2.9.0\",\"proto\":1,\"headers\":true,"
        "\"max_payload\":1048576}\r\n";
    std::string flood;
    std::string in;
    while (!stopping_) {
      if (out.empty()) {
        out = flood;
      }
      pollfd wanted{client, static_cast<short>(POLLIN | (out.empty() ? 0 : POLLOUT)), 0};
      ::poll(&wanted, 1, 10);
      char buffer[4096];
      const ssize_t size = ::recv(client, buffer, sizeof buffer, MSG_DONTWAIT);
      if (size == 0 || (wanted.revents & (POLLERR | POLLHUP)) != 0) {
        return;
      }
      in.append(buffer, size < 0 ? 0 : static_cast<std::size_t>(size));
      for (std::size_t end; (end = in.find("\r\n")) != std::string::npos; in.erase(0, end + 2)) {
        answer(in.substr(0, end), out, flood);
      }
      const ssize_t sent = ::send(client, out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      out.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
  }

  static void answer(const std::string& line, std::string& out, std::string& flood) {
    if (line.starts_with("PING")) {
      out += "PONG\r\n";
    } else if (line.starts_with("SUB ")) {
      const std::string id = line.substr(line.rfind(' ') + 1);
      flood.clear();  // the last one alone
      const std::string payload(256 << 10, 'x');
      flood += "MSG a " + id + " " + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
    }
  }

  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

natsConnection* connect(const std::string& url) {
  natsConnection* made = nullptr;
  EXPECT_EQ(natsConnection_ConnectTo(&made, url.c_str()), NATS_OK);
  return made;
}

// Until a message has come, and then a little, each round another while: the next is half read.
void listen(NatsConnection& connection, int round) {
  natsSubscription* subscription = nullptr;
  ASSERT_EQ(connection.subscribe(&subscription, "a"), NATS_OK);
  natsMsg* message = nullptr;
  ASSERT_EQ(natsSubscription_NextMsg(&message, subscription, 10'000), NATS_OK);
  natsMsg_Destroy(message);
  std::this_thread::sleep_for(std::chrono::microseconds(round * 37 % 300));
}

TEST(NatsHandlesTest, AConnectionMayCloseWhileMessagesArrive) {
  const FloodingServer server;
  for (int round = 0; round < 100; ++round) {
    NatsConnection connection(connect(server.url));
    listen(connection, round);
  }
}

TEST(NatsHandlesTest, SubscriptionsMayEndWhileMessagesArrive) {
  const FloodingServer server;
  NatsConnection connection(connect(server.url));
  for (int round = 0; round < 100; ++round) {
    listen(connection, round);
    connection.unsubscribe_all(milliseconds(10'000));
  }
}

// The server does not answer in so short a time: what was subscribed to is kept until it does.
TEST(NatsHandlesTest, SubscriptionsMayEndWithoutAnAnswer) {
  const FloodingServer server;
  NatsConnection connection(connect(server.url));
  for (int round = 0; round < 100; ++round) {
    listen(connection, round);
    connection.unsubscribe_all(milliseconds(round % 2));
  }
}

TEST(NatsHandlesTest, AnotherConnectionTakesThePlaceOfOne) {
  const FloodingServer server;
  NatsConnection connection(connect(server.url));
  for (int round = 0; round < 100; ++round) {
    listen(connection, round);
    connection.close();
    EXPECT_EQ(connection.get(), nullptr);
    connection.reset(connect(server.url));
  }
}

}  // namespace
}  // namespace weir
