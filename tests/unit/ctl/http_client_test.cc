#include "ctl/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace weir::ctl {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Listens on a free port of the loopback and answers one connection with `answer`, or never.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    if (!answer.empty()) {
      thread_ = std::thread([this, answer = std::move(answer)] {
        const int connection = accept(listener_, nullptr, nullptr);
        char request[4096];
        const auto size = read(connection, request, sizeof request);
        request_.assign(request, size > 0 ? static_cast<std::size_t>(size) : 0);
        EXPECT_EQ(write(connection, answer.data(), answer.size()),
                  static_cast<ssize_t>(answer.size()));
        close(connection);
      });
    }
  }
  ~OneAnswer() {
    join();
    close(listener_);
  }
  void join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] const std::string& request() {
    join();
    return request_;
  }

 private:
  int listener_;
  int port_ = 0;
  std::string request_;
  std::thread thread_;
};

TEST(HttpUrlTest, PartsAreFound) {
  EXPECT_EQ(parse_http_url("http://h")->port, "80");
  EXPECT_EQ(parse_http_url("http://h:9742/a/b?c")->path, "/a/b?c");
  EXPECT_EQ(parse_http_url("http://[::1]:9742")->host, "::1");
  EXPECT_EQ(parse_http_url("http://[::1]:9742")->port, "9742");
}

TEST(HttpUrlTest, MistakesAreNamed) {
  EXPECT_EQ(parse_http_url("https://h").reason(),
            "URL \"https://h\": https is not supported, the sidecar serves plain http");
  EXPECT_THAT(parse_http_url("localhost:1").reason(), HasSubstr("does not begin with http://"));
  EXPECT_THAT(parse_http_url("http://:1").reason(), HasSubstr("no host"));
  EXPECT_THAT(parse_http_url("http://h:x").reason(), HasSubstr("the port \"x\""));
  EXPECT_THAT(parse_http_url("http://h:70000").reason(), HasSubstr("the port \"70000\""));
  EXPECT_THAT(parse_http_url("http://[::1").reason(), HasSubstr("not closed"));
}

TEST(HttpClientTest, ReadsCodeAndBody) {
  OneAnswer server("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nhello");
  const auto answer = http_get(server.url("/a"), 5s);
  ASSERT_TRUE(answer.ok()) << answer.reason();
  EXPECT_EQ(answer->code, 503);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_THAT(server.request(), HasSubstr("GET /a HTTP/1.1\r\n"));
}

TEST(HttpClientTest, AServerThatNeverAnswersIsGivenUp) {
  OneAnswer server("");
  EXPECT_EQ(http_get(server.url("/"), 50ms).reason(),
            "GET " + server.url("/") + ": cannot read the answer: no answer within 50 ms");
}

TEST(HttpClientTest, AClosedPortIsNamed) {
  std::string url;
  {
    OneAnswer server("");
    url = server.url("/");
  }
  EXPECT_EQ(http_get(url, 5s).reason(), "GET " + url + ": cannot connect: Connection refused");
}

TEST(HttpClientTest, SomethingElseThanHttpIsAnError) {
  OneAnswer server("INFO {\"server_id\":\"not http\"}\r\n");
  EXPECT_THAT(http_get(server.url("/"), 5s).reason(), HasSubstr("cannot read the answer: "));
}

}  // namespace
}  // namespace weir::ctl
