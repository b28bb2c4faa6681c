// The shop's HTTP server: HTTP/1.1 with keep-alive, one thread, callbacks. Counts every answer in
// its metrics. Single-threaded: only the thread that runs the io_context calls this.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>

#include "examples/shop/metrics.h"
#include "examples/shop/routes.h"

namespace shop {

class Server {
 public:
  // Throws boost::system::system_error if the address can not be listened on. Port 0: a free one.
  Server(boost::asio::io_context& context, const boost::asio::ip::tcp::endpoint& address,
         Metrics metrics, std::uint32_t seed);

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // Accepts nothing more; the io_context stops once the requests in flight are answered.
  void stop();

 private:
  class Session;
  void accept();
  void answered();

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Metrics metrics_;
  Routes routes_;
  std::uint64_t in_flight_ = 0;
  bool stopping_ = false;
};

}  // namespace shop
