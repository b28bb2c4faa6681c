// The server over real sockets: what a well-behaved, a slow and a hostile client get.
#include "sidecar/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/unit/sidecar/http_client.h"

namespace weir::sidecar::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing_http::Answer;
using testing_http::Client;

// A door that handlers wait at until the test opens it.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() { options_.listen = {"127.0.0.1", 0}; }
  ~ServerTest() override { gate_.open(); }

  std::uint16_t start() {
    server_ = std::make_unique<Server>(
        options_, [this](const Request& request) { return answer(request); },
        [](const Request& request) {
          return request.path == "/gate"    ? Lane::kSlow
                 : request.path == "/quick" ? Lane::kQuick
                                            : Lane::kAtOnce;
        });
    const Status status = server_->start();
    EXPECT_TRUE(status.ok()) << status.reason();
    return server_->port();
  }

  Response answer(const Request& request) {
    if (request.path == "/gate") {
      gate_.pass();
    }
    if (request.path == "/throw") {
      throw std::runtime_error("thrown");
    }
    Response response;
    response.body = request.path == "/large" ? std::string(64u << 20, 'x')
                                             : request.method + " " + request.path + request.body;
    response.headers.emplace_back("X-Accept", request.accept);
    return response;
  }

  ServerOptions options_;
  Gate gate_;
  std::unique_ptr<Server> server_;  // last: its handlers use the gate
};

TEST_F(ServerTest, KeepsAConnectionForSeveralRequests) {
  Client client(start());
  for (const char* path : {"/a", "/quick", "/b"}) {
    const auto answer = client.get(path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, std::string("GET ") + path);
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrder) {
  Client client(start());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests +=
        "GET /" + std::string(i % 2 == 0 ? "quick" : "at-once") + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.read();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, i % 2 == 0 ? "GET /quick" : "GET /at-once");
  }
}

TEST_F(ServerTest, ClosesWhenTheClientWishes) {
  Client client(start());
  const auto answer = client.get("/", "Connection: close\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.at("connection"), "close");
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(ServerTest, ServesHttp10) {
  Client client(start());
  client.send("GET / HTTP/1.0\r\n\r\n");
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "GET /");
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  Client client(start());
  client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.at("content-length"), "9");  // "HEAD /abc"
  const auto next = client.read();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "GET /");
}

TEST_F(ServerTest, ListHeadersInSeveralLinesAreOneList) {
  Client client(start());
  const auto answer = client.get("/", "Accept: a/b\r\nAccept: c/d;q=0.5\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.at("x-accept"), "a/b, c/d;q=0.5");
}

TEST_F(ServerTest, BodiesReachTheHandlerUpToTheLimit) {
  options_.body_bytes_max = 10;
  Client client(start());
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789");
  const auto small = client.read();
  ASSERT_TRUE(small);
  EXPECT_EQ(small->body, "POST /p0123456789");
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n01234567890");
  const auto large = client.read();
  ASSERT_TRUE(large);
  EXPECT_EQ(large->status, 413);
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(ServerTest, WhatIsNoHttpIsRefused) {
  const std::uint16_t port = start();
  for (const char* bytes :
       {"\x16\x03\x01 tls hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    Client client(port);
    client.send(bytes);
    const auto answer = client.read();
    ASSERT_TRUE(answer) << bytes;
    EXPECT_EQ(answer->status, 400) << bytes;
    EXPECT_TRUE(client.closed_within(5s));
  }
  for (const char* target : {"metrics", "/%zz", "/%0", "/a%00b", "/?x=%"}) {
    Client client(port);
    const auto answer = client.get(target);
    ASSERT_TRUE(answer) << target;
    EXPECT_EQ(answer->status, 400) << target;
  }
}

TEST_F(ServerTest, HugeTargetsAndHeadersAreRefused) {
  const std::uint16_t port = start();
  {
    Client client(port);
    const auto answer = client.get("/" + std::string(9000, 'a'));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 414);
  }
  {
    Client client(port);
    const auto answer = client.get("/" + std::string(100'000, 'a'));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 414);
  }
  Client client(port);
  const auto answer = client.get("/", "X-Long: " + std::string(100'000, 'a') + "\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 431);
}

TEST_F(ServerTest, AnExceptionOfAHandlerIsA500AndTheConnectionLives) {
  Client client(start());
  const auto answer = client.get("/throw");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_THAT(answer->body, HasSubstr("thrown"));
  EXPECT_TRUE(client.get("/"));
}

TEST_F(ServerTest, ASlowRequestLosesItsConnection) {
  options_.request_timeout = 100ms;
  Client client(start());
  client.send("GET / HT");
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  options_.idle_timeout = 100ms;
  Client client(start());
  EXPECT_TRUE(client.get("/"));
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(ServerTest, AClientThatDoesNotReadLosesItsConnection) {
  options_.write_timeout = 100ms;
  Client client(start());
  client.receive_buffer(4096);
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  Client other(server_->port());
  // The server gives up on the first client; then the stop has nothing to wait for.
  EXPECT_TRUE(other.get("/", "Connection: close\r\n"));
  EXPECT_TRUE(other.closed_within(5s));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop(60s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(ServerTest, ALargeAnswerArrivesWhole) {
  Client client(start());
  const auto answer = client.get("/large");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.size(), 64u << 20);
}

TEST_F(ServerTest, SlowAnswersDelayNeitherProbesNorQuickOnes) {
  const std::uint16_t port = start();
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<Client>(port));
    slow.back()->send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  gate_.wait_for(2);
  Client client(port);
  EXPECT_TRUE(client.get("/healthz"));
  EXPECT_TRUE(client.get("/quick"));
  gate_.open();
  for (auto& waiting : slow) {
    const auto answer = waiting->read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "GET /gate");
  }
}

TEST_F(ServerTest, TooManyConnectionsAreToldSo) {
  options_.connections_max = 2;
  const std::uint16_t port = start();
  Client first(port);
  Client second(port);
  ASSERT_TRUE(first.get("/"));
  ASSERT_TRUE(second.get("/"));
  Client third(port);
  const auto refused = third.read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->body, "too many connections\n");
  EXPECT_TRUE(first.get("/"));
}

TEST_F(ServerTest, APortInUseIsNamedWithTheReason) {
  const std::uint16_t port = start();
  ServerOptions options;
  options.listen = {"127.0.0.1", port};
  Server second(options, {}, {});
  const Status status = second.start();
  EXPECT_EQ(status.reason(),
            "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
}

TEST_F(ServerTest, AHostThatIsNotOursIsNamedWithTheReason) {
  ServerOptions options;
  options.listen = {"192.0.2.1", 0};  // TEST-NET-1, RFC 5737
  Server server(options, {}, {});
  EXPECT_THAT(server.start().reason(), HasSubstr("cannot listen on 192.0.2.1:0: "));
}

TEST_F(ServerTest, NoHostMeansBothFamilies) {
  options_.listen = {"", 0};
  const std::uint16_t port = start();
  Client four(port, AF_INET);
  EXPECT_TRUE(four.get("/"));
  Client six(port, AF_INET6);
  if (six.connected()) {  // a machine without IPv6 has no ::1 to connect to
    EXPECT_TRUE(six.get("/"));
  }
}

TEST_F(ServerTest, NamesAreResolved) {
  options_.listen = {"localhost", 0};
  Client client(start());
  EXPECT_TRUE(client.get("/"));
}

TEST_F(ServerTest, StopLetsAnswersUnderWayFinish) {
  const std::uint16_t port = start();
  Client idle(port);
  ASSERT_TRUE(idle.get("/"));
  Client busy(port);
  busy.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  gate_.wait_for(1);
  auto stopped = std::async(std::launch::async, [this] { server_->stop(60s); });
  EXPECT_TRUE(idle.closed_within(5s));
  EXPECT_FALSE(Client(port).connected());
  gate_.open();
  const auto answer = busy.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "GET /gate");
  EXPECT_EQ(answer->headers.at("connection"), "close");
  busy.finish_sending();
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

TEST_F(ServerTest, StopIsBoundedByItsDeadline) {
  Client client(start());
  client.send("GET / HT");  // never finished; its own time-out is longer than the deadline
  Client other(server_->port());
  ASSERT_TRUE(other.get("/"));  // so the first connection is known to the server by now
  const auto begin = std::chrono::steady_clock::now();
  server_->stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(ServerTest, ClientsThatLeaveInTheMiddleHurtNobody) {
  const std::uint16_t port = start();
  for (int i = 0; i < 20; ++i) {
    Client leaving(port);
    leaving.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (int i = 0; i < 3; ++i) {
    Client leaving(port);
    leaving.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  gate_.open();
  Client client(port);
  EXPECT_TRUE(client.get("/quick"));
}

}  // namespace
}  // namespace weir::sidecar::http
