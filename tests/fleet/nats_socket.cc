#include "tests/fleet/nats_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <vector>

namespace fleet {
namespace {

constexpr std::size_t kUnsentBytesMax = 256u << 20;
constexpr std::size_t kReadBytes = 256u << 10;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) {
      words.push_back(line.substr(0, end));
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

bool NatsSocket::connect(std::uint16_t port) {
  close();
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{2, 0};
  const int on = 1;
  if (descriptor_ < 0 ||
      ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !greet()) {
    close();
    return false;
  }
  return true;
}

// The server's first word holds its limits; ours asks for "no responders".
bool NatsSocket::greet() {
  std::string info;
  if (!read_line(info)) {
    return false;
  }
  constexpr std::string_view kField = "\"max_payload\":";
  if (const std::size_t at = info.find(kField); at != std::string::npos) {
    payload_bytes_max_ = number(std::string_view(info).substr(at + kField.size()));
  }
  out_ =
      "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"fleet\",\"version\":\"1\","
      "\"protocol\":1,\"headers\":true,\"no_responders\":true,\"echo\":false}\r\nPING\r\n";
  write_some();
  std::string pong;
  return is_open() && read_line(pong) && pong.starts_with("PONG");
}

bool NatsSocket::read_line(std::string& line) {
  for (char c = 0; c != '\n'; line += c) {
    if (::recv(descriptor_, &c, 1, 0) != 1) {
      return false;
    }
  }
  return true;
}

void NatsSocket::close() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
  descriptor_ = -1;
  out_.clear();
  sent_ = 0;
  in_.clear();
}

void NatsSocket::subscribe(std::string_view subject, std::uint32_t subscription) {
  out_.append("SUB ").append(subject).append(" ").append(std::to_string(subscription));
  out_.append("\r\n");
}

void NatsSocket::unsubscribe(std::uint32_t subscription) {
  out_.append("UNSUB ").append(std::to_string(subscription)).append("\r\n");
}

bool NatsSocket::publish(std::string_view subject, std::string_view reply,
                         std::span<const std::uint8_t> bytes) {
  if (!is_open() || unsent_bytes() + bytes.size() > kUnsentBytesMax) {
    return false;
  }
  out_.append("PUB ").append(subject).append(" ");
  if (!reply.empty()) {
    out_.append(reply).append(" ");
  }
  out_.append(std::to_string(bytes.size())).append("\r\n");
  out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()).append("\r\n");
  return true;
}

void NatsSocket::write_some() {
  while (is_open() && unsent_bytes() > 0) {
    const ssize_t written =
        ::send(descriptor_, out_.data() + sent_, unsent_bytes(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && (errno == EAGAIN || errno == EINTR)) {
      break;
    }
    if (written <= 0) {
      close();
      return;
    }
    sent_ += static_cast<std::size_t>(written);
  }
  if (unsent_bytes() == 0) {
    out_.clear();
    sent_ = 0;
  }
}

void NatsSocket::serve(const OnMessage& on_message) {
  write_some();
  while (is_open()) {
    std::array<char, kReadBytes> chunk;
    const ssize_t got = ::recv(descriptor_, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (got <= 0) {
      close();
      return;
    }
    in_.append(chunk.data(), static_cast<std::size_t>(got));
    in_.erase(0, parse(in_, on_message));
  }
}

// Answers how much of the text is done with.
std::size_t NatsSocket::parse(std::string_view text, const OnMessage& on_message) {
  std::size_t done = 0;
  for (;;) {
    const std::size_t end = text.find("\r\n", done);
    if (end == std::string_view::npos) {
      return done;
    }
    const auto words = words_of(text.substr(done, end - done));
    std::size_t next = end + 2;
    if (words.size() >= 4 && (words[0] == "MSG" || words[0] == "HMSG")) {
      const std::size_t size = number(words.back());
      if (text.size() < next + size + 2) {
        return done;
      }
      const bool has_headers = words[0] == "HMSG";
      const std::size_t headers = has_headers ? number(words[words.size() - 2]) : 0;
      const std::string_view body = text.substr(next, size);
      const bool no_responders = body.substr(0, headers).starts_with("NATS/1.0 503");
      on_message(static_cast<std::uint32_t>(number(words[2])), no_responders,
                 {reinterpret_cast<const std::uint8_t*>(body.data()) + headers, size - headers});
      next += size + 2;
    } else if (!words.empty() && words[0] == "PING") {
      out_.append("PONG\r\n");
    }
    done = next;
  }
}

}  // namespace fleet
