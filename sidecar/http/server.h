// The HTTP server: listens, reads requests within limits, has them answered by a handler, writes
// the answers. One thread does all input and output; handlers run in lanes of their own, so that a
// long scrape delays neither a probe nor another connection. Boost.Beast stands behind it, in
// server.cc and connection.cc only. Thread-safe: any method from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sidecar/config/listen_address.h"
#include "sidecar/http/message.h"
#include "weir/status.h"

namespace weir::sidecar::http {

// Where a request is answered. kAtOnce: in the thread of input and output, so the handler must not
// wait for anything. kQuick: one thread, for answers that may wait for a lock. kSlow: for those
// that take long; two at a time, further ones queue.
enum class Lane : std::uint8_t { kAtOnce, kQuick, kSlow };

// Runs in several threads at once. An exception becomes a 500.
using Handler = std::function<Response(const Request&)>;
using LaneOf = std::function<Lane(const Request&)>;

struct ServerOptions {
  ListenAddress listen;
  std::size_t connections_max = 512;  // beyond: 503 and closed
  std::size_t target_bytes_max = 8192;
  std::size_t header_bytes_max = 16384;  // with the target
  std::size_t body_bytes_max = 65536;
  std::chrono::milliseconds request_timeout{10'000};  // from the first to the last byte
  std::chrono::milliseconds idle_timeout{
      120'000};  // between requests; Prometheus scrapes each 60 s
  std::chrono::milliseconds write_timeout{30'000};    // without progress
  std::chrono::milliseconds answer_timeout{600'000};  // for a whole answer
};

class Server {
 public:
  Server(ServerOptions options, Handler handler, LaneOf lane_of);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and begins to answer. An error names the address and the reason ("Address already in
  // use"). REQUIRES: called once.
  [[nodiscard]] Status start();

  // The port that is listened on: chosen by the kernel where the options say 0.
  [[nodiscard]] std::uint16_t port() const;

  // No new connections, idle ones are closed, answers under way get until the deadline. Returns
  // when all is closed and no handler runs. Further calls do nothing.
  void stop(std::chrono::milliseconds deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::sidecar::http
