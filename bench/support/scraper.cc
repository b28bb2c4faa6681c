#include "bench/support/scraper.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <stdexcept>

namespace weir::bench {
namespace {

constexpr std::size_t kPageBytesMax = 4ull << 30;
constexpr std::size_t kReceiveBytes = 1u << 20;

constexpr std::array<std::string_view, 3> kAccept = {
    // Read off the wire of Debian's Prometheus.
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    // As Prometheus's own tests have it (scrape/scrape_test.go).
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "text/plain;version=0.0.4",
};

char* reserve_buffer() {
  void* const memory = ::mmap(nullptr, kPageBytesMax, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::runtime_error("cannot reserve the buffer of a page");
  }
  return static_cast<char*>(memory);
}

}  // namespace

Scraper::Scraper(std::uint16_t port) : port_(port), buffer_(reserve_buffer()) {}

Scraper::~Scraper() {
  close();
  ::munmap(buffer_, kPageBytesMax);
}

void Scraper::connect() {
  if (descriptor_ >= 0) {
    return;
  }
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close();
    throw std::runtime_error("cannot connect to port " + std::to_string(port_));
  }
}

void Scraper::close() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
  descriptor_ = -1;
}

bool Scraper::send_all(std::string_view text) const {
  return ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

std::size_t Scraper::receive() {
  if (filled_ + kReceiveBytes > kPageBytesMax) {
    throw std::runtime_error("the page is too large");
  }
  const ssize_t got = ::recv(descriptor_, buffer_ + filled_, kReceiveBytes, 0);
  if (got < 0 && errno == ECONNRESET && filled_ == 0) {
    return 0;
  }
  if (got < 0) {
    throw std::runtime_error(std::string("cannot read: ") + std::strerror(errno));
  }
  filled_ += static_cast<std::size_t>(got);
  return static_cast<std::size_t>(got);
}

// False: the connection was closed before an answer began.
bool Scraper::read_head() {
  for (;;) {
    const std::size_t end = std::string_view(buffer_, filled_).find("\r\n\r\n");
    if (end != std::string_view::npos) {
      head_bytes_ = end + 4;
      return true;
    }
    if (receive() == 0) {
      return false;
    }
  }
}

std::string Scraper::field(std::string_view name) const {
  const std::string_view head(buffer_, head_bytes_);
  for (std::size_t at = head.find("\r\n"); at + 4 < head.size(); at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) ==
                 std::tolower(static_cast<unsigned char>(b));
        })) {
      const std::size_t from = line.find_first_not_of(' ', name.size() + 1);
      return from == std::string_view::npos ? "" : std::string(line.substr(from));
    }
  }
  return {};
}

void Scraper::read_length(std::size_t length) {
  while (filled_ < head_bytes_ + length) {
    if (receive() == 0) {
      throw std::runtime_error("the page was cut off");
    }
  }
  pieces_.push_back({head_bytes_, length});
}

void Scraper::read_to_end() {
  while (receive() > 0) {
  }
  pieces_.push_back({head_bytes_, filled_ - head_bytes_});
  close();
}

void Scraper::read_chunks() {
  std::size_t at = head_bytes_;
  const auto need = [&](std::size_t until) {
    while (filled_ < until) {
      if (receive() == 0) {
        throw std::runtime_error("the page was cut off");
      }
    }
  };
  for (;;) {
    std::size_t line_end = 0;
    while ((line_end = std::string_view(buffer_ + at, std::min<std::size_t>(filled_ - at, 64))
                           .find("\r\n")) == std::string_view::npos) {
      need(filled_ + 1);
    }
    std::size_t bytes = 0;
    if (std::from_chars(buffer_ + at, buffer_ + at + line_end, bytes, 16).ec != std::errc{}) {
      throw std::runtime_error("a chunk without a size");
    }
    const std::size_t data = at + line_end + 2;
    need(data + bytes + 2);
    if (bytes == 0) {
      return;
    }
    pieces_.push_back({data, bytes});
    at = data + bytes + 2;
  }
}

Scraper::Answer Scraper::scrape(const Request& request) {
  filled_ = 0;
  pieces_.clear();
  std::string text = "GET " + request.path +
                     " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                     "\r\nUser-Agent: Prometheus/2.42.0\r\nAccept: ";
  text += kAccept[static_cast<std::size_t>(request.accept)];
  text += request.gzip ? "\r\nAccept-Encoding: gzip" : "\r\nAccept-Encoding: identity";
  text += "\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";

  // As Go's client does: a kept connection that the server has closed meanwhile is made anew.
  const bool kept = descriptor_ >= 0;
  connect();
  auto begin = std::chrono::steady_clock::now();
  bool answered = send_all(text) && read_head();
  if (!answered && kept) {
    close();
    connect();
    begin = std::chrono::steady_clock::now();
    answered = send_all(text) && read_head();
  }
  if (!answered) {
    close();
    throw std::runtime_error("the connection was closed before an answer");
  }
  const std::string length = field("content-length");
  if (field("transfer-encoding") == "chunked") {
    read_chunks();
  } else if (!length.empty()) {
    read_length(std::stoull(length));
  } else {
    read_to_end();
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;

  const std::string_view head(buffer_, head_bytes_);
  if (!head.starts_with("HTTP/1.1 200")) {
    const std::string status(head.substr(0, head.find("\r\n")));
    close();
    throw std::runtime_error("the answer is " + status);
  }
  Answer answer;
  answer.seconds = taken.count();
  answer.wire_bytes = filled_;
  answer.content_type = field("content-type");
  answer.coding = field("content-encoding");
  if (field("connection") == "close") {
    close();
  }
  std::size_t end = head_bytes_;
  for (const Piece& piece : pieces_) {
    std::memmove(buffer_ + end, buffer_ + piece.at, piece.bytes);
    end += piece.bytes;
  }
  answer.body = {buffer_ + head_bytes_, end - head_bytes_};
  return answer;
}

std::string gunzip(std::string_view body) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) {
    throw std::runtime_error("zlib does not begin");
  }
  std::string page(std::max<std::size_t>(body.size() * 8, 1 << 16), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  int result = Z_OK;
  while (result == Z_OK) {
    if (stream.total_out == page.size()) {
      page.resize(page.size() * 2);
    }
    stream.next_out = reinterpret_cast<Bytef*>(page.data()) + stream.total_out;
    stream.avail_out = static_cast<uInt>(page.size() - stream.total_out);
    result = inflate(&stream, Z_NO_FLUSH);
  }
  page.resize(stream.total_out);
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) {
    throw std::runtime_error("the gzip body is not one whole member");
  }
  return page;
}

}  // namespace weir::bench
