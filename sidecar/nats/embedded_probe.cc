#include "sidecar/nats/embedded_probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>

namespace weir::sidecar {
namespace {

constexpr std::size_t kInfoBytesMax = 16384;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &hints,
                &found);
  return {found, ::freeaddrinfo};
}

class Socket {
 public:
  explicit Socket(const addrinfo& address)
      : fd_(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// The port that was bound; 0: none could be.
std::uint16_t try_bind(const std::string& host, std::uint16_t port) {
  const AddressList addresses = resolve(host, port, AI_PASSIVE);
  if (addresses == nullptr) {
    return 0;
  }
  const Socket socket(*addresses);
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(socket.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    return 0;
  }
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &length);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

bool wait_for(int fd, short events, std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd waiting{fd, events, 0};
  return left.count() > 0 && ::poll(&waiting, 1, static_cast<int>(left.count())) == 1;
}

std::string greeting(const std::string& host, std::uint16_t port) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  const AddressList addresses = resolve(host, port, 0);
  if (addresses == nullptr) {
    return {};
  }
  const Socket socket(*addresses);
  if (::connect(socket.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 &&
      (errno != EINPROGRESS || !wait_for(socket.get(), POLLOUT, deadline))) {
    return {};
  }
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < kInfoBytesMax &&
         wait_for(socket.get(), POLLIN, deadline)) {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
    if (got <= 0) {
      break;
    }
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

bool is_port_free(const std::string& host, std::uint16_t port) {
  return port != 0 && try_bind(host, port) == port;
}

std::uint16_t any_free_port(const std::string& host) {
  return try_bind(host, 0);
}

ProbeResult probe_nats(const std::string& host, std::uint16_t port, std::string_view server_name) {
  const std::string info = greeting(host, port);
  ProbeResult result;
  // The server writes its JSON without spaces, and the names are ours: no need for a parser.
  result.ours =
      info.starts_with("INFO ") &&
      info.find("\"server_name\":\"" + std::string(server_name) + "\"") != std::string::npos;
  constexpr std::string_view kVersion = "\"version\":\"";
  const std::size_t begin = info.find(kVersion);
  if (begin != std::string::npos) {
    const std::size_t text = begin + kVersion.size();
    const std::size_t end = info.find('"', text);
    result.version = info.substr(text, end == std::string::npos ? 0 : end - text);
  }
  return result;
}

bool is_supported_nats_version(std::string_view version) {
  int major = 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, error] = std::from_chars(version.data(), end, major);
  if (error != std::errc{} || dot == end || *dot != '.') {
    return false;
  }
  const auto [rest, minor_error] = std::from_chars(dot + 1, end, minor);
  static_cast<void>(rest);
  return minor_error == std::errc{} && (major > 2 || (major == 2 && minor >= 9));
}

}  // namespace weir::sidecar
