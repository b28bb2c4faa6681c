// A blocking HTTP client for tests, over plain sockets: sends exactly the given bytes, reads
// exactly one answer. Single-threaded: only the test's thread calls this.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace weir::sidecar::testing_http {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Client {
 public:
  explicit Client(std::uint16_t port, int family = AF_INET)
      : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (family == AF_INET) {
      auto* address = reinterpret_cast<sockaddr_in*>(&storage);
      address->sin_family = AF_INET;
      address->sin_port = htons(port);
      address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      length = sizeof(sockaddr_in);
    } else {
      auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
      address->sin6_family = AF_INET6;
      address->sin6_port = htons(port);
      address->sin6_addr = in6addr_loopback;
      length = sizeof(sockaddr_in6);
    }
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&storage), length) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // One answer; nothing if the server closed before it was whole, or after 10 s.
  std::optional<Answer> read(bool head = false) {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) {
        return std::nullopt;
      }
    }
    Answer answer;
    answer.status = std::atoi(buffer_.c_str() + 9);
    std::size_t line = buffer_.find("\r\n") + 2;
    while (line < end + 2) {
      const std::size_t line_end = buffer_.find("\r\n", line);
      const std::size_t colon = buffer_.find(": ", line);
      std::string name = buffer_.substr(line, colon - line);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      answer.headers[name] = buffer_.substr(colon + 2, line_end - colon - 2);
      line = line_end + 2;
    }
    buffer_.erase(0, end + 4);
    const auto length = answer.headers.find("content-length");
    if (!head && length != answer.headers.end()) {
      const std::size_t wanted = std::strtoul(length->second.c_str(), nullptr, 10);
      while (buffer_.size() < wanted) {
        if (!read_more()) {
          return std::nullopt;
        }
      }
      answer.body = buffer_.substr(0, wanted);
      buffer_.erase(0, wanted);
    }
    return answer;
  }

  std::optional<Answer> get(const std::string& target, const std::string& headers = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
    return read();
  }

  // Whether the server closes within the time; bytes that still come are dropped.
  bool closed_within(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd waiting{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
        return false;
      }
      char dropped[4096];
      if (::recv(socket_, dropped, sizeof(dropped), 0) <= 0) {
        return true;
      }
    }
  }

  void finish_sending() { ::shutdown(socket_, SHUT_WR); }
  void receive_buffer(int bytes) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }

 private:
  bool read_more() {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 60'000) <= 0) {
      return false;
    }
    char chunk[65536];
    const ssize_t got = ::recv(socket_, chunk, sizeof(chunk), 0);
    if (got <= 0) {
      return false;
    }
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace weir::sidecar::testing_http
