// A scraper as Prometheus is one: keeps its connection, asks with Prometheus's headers, and reads
// to the last byte. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::bench {

class Scraper {
 public:
  // What is sent as Accept: by Prometheus 2.42, by 3.x (both name OpenMetrics first), or text
  // alone.
  enum class Accept : std::uint8_t { kPrometheus2, kPrometheus3, kText };
  struct Request {
    std::string path = "/metrics";
    Accept accept = Accept::kPrometheus2;
    bool gzip = false;
  };
  struct Answer {
    double seconds = 0;          // from the first byte written to the last byte read
    std::size_t wire_bytes = 0;  // head and chunk sizes among them
    std::string content_type;
    std::string coding;
    std::string_view body;  // as it came, without chunk sizes; valid until the next scrape
  };

  explicit Scraper(std::uint16_t port);
  ~Scraper();
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  // Throws std::runtime_error with a reason; anything but 200 is one.
  [[nodiscard]] Answer scrape(const Request& request);

 private:
  void connect();
  void close();
  [[nodiscard]] bool send_all(std::string_view text) const;
  std::size_t receive();
  [[nodiscard]] bool read_head();
  void read_chunks();
  void read_length(std::size_t length);
  void read_to_end();
  [[nodiscard]] std::string field(std::string_view name) const;

  const std::uint16_t port_;
  int descriptor_ = -1;
  char* const
      buffer_;  // address space for the largest page; its memory is kept from scrape to scrape
  std::size_t filled_ = 0;
  std::size_t head_bytes_ = 0;
  struct Piece {
    std::size_t at, bytes;
  };
  std::vector<Piece> pieces_;
  std::size_t body_end_ = 0;
};

// What gzip made smaller. Throws unless it is one whole member and nothing after it.
[[nodiscard]] std::string gunzip(std::string_view body);

}  // namespace weir::bench
