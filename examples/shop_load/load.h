// The load on the shop: requests at a steady rate over a handful of kept-alive connections. The
// rate does not wait for slow answers, until all connections are busy.
// Single-threaded: only the thread that runs the io_context calls this.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace shop_load {

struct Options {
  std::uint16_t port = 8742;
  double rate = 20;     // requests per second
  double duration = 0;  // seconds; 0: until stopped
  std::uint32_t seed = 1;
  std::size_t connections_max = 32;
};

struct Report {
  std::uint64_t sent = 0;      // requests begun
  std::uint64_t answered = 0;  // with any code
  std::uint64_t failed = 0;    // no connection, or no whole answer
  std::map<unsigned, std::uint64_t> codes;
};

class Load {
 public:
  Load(boost::asio::io_context& context, const Options& options);
  ~Load();

  // Sends nothing more; the io_context stops once the requests in flight are answered, 3 s at most.
  void stop();
  [[nodiscard]] const Report& report() const { return report_; }

 private:
  class Connection;
  void tick();
  void send_one();
  void ended(const std::shared_ptr<Connection>& connection, unsigned code);  // 0: failed

  boost::asio::io_context& context_;
  Options options_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer patience_;
  std::chrono::steady_clock::time_point started_;
  std::vector<std::shared_ptr<Connection>> idle_;
  std::size_t busy_ = 0;
  std::mt19937 random_;
  Report report_;
  bool stopping_ = false;
};

}  // namespace shop_load
