#include "examples/shop/server.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace shop {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {
constexpr std::uint64_t kBodyBytesMax = 64 * 1024;
constexpr std::chrono::seconds kIdleTimeout{60};
}  // namespace

// One connection. Kept alive by the callback that is pending.
class Server::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Server& server, asio::ip::tcp::socket socket)
      : server_(server), stream_(std::move(socket)), timer_(stream_.get_executor()) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(kBodyBytesMax);
    stream_.expires_after(kIdleTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) {
                         self->work();
                       }
                     });
  }

 private:
  void work() {
    started_ = std::chrono::steady_clock::now();
    ++server_.in_flight_;
    server_.metrics_.in_flight.inc();
    const auto& request = parser_->get();
    const auto method = request.method_string();
    method_ = method_label({method.data(), method.size()});
    const auto target = request.target();
    answer_ = server_.routes_.answer(method_, {target.data(), target.size()});
    stream_.expires_never();
    timer_.expires_after(answer_.delay);
    timer_.async_wait([self = shared_from_this()](beast::error_code) { self->write(); });
  }

  void write() {
    const auto& request = parser_->get();
    response_ = {static_cast<http::status>(answer_.code), request.version()};
    response_.set(http::field::content_type, "text/plain; charset=utf-8");
    response_.keep_alive(request.keep_alive() && !server_.stopping_);
    response_.body() = answer_.body;
    response_.prepare_payload();
    stream_.expires_after(kIdleTimeout);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        self->written(error);
                      });
  }

  void written(beast::error_code error) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started_;
    Metrics& metrics = server_.metrics_;
    metrics.requests.with(method_, std::to_string(answer_.code), answer_.route).inc();
    metrics.seconds.with(answer_.route).observe(taken.count());
    metrics.revenue_euros.inc(answer_.revenue_euros);
    metrics.in_flight.dec();
    const bool more = !error && response_.keep_alive();
    if (!more) {
      beast::error_code ignored;
      stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
    server_.answered();
    if (more) {
      read();
    }
  }

  Server& server_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::chrono::steady_clock::time_point started_;
  std::string_view method_;
  Answer answer_;
};

Server::Server(asio::io_context& context, const asio::ip::tcp::endpoint& address, Metrics metrics,
               std::uint32_t seed)
    : context_(context), acceptor_(context, address), metrics_(std::move(metrics)), routes_(seed) {
  accept();
}

void Server::accept() {
  acceptor_.async_accept([this](beast::error_code error, asio::ip::tcp::socket socket) {
    if (stopping_) {
      return;
    }
    if (!error) {
      std::make_shared<Session>(*this, std::move(socket))->read();
    }
    accept();
  });
}

void Server::answered() {
  --in_flight_;
  if (stopping_ && in_flight_ == 0) {
    context_.stop();
  }
}

void Server::stop() {
  stopping_ = true;
  beast::error_code ignored;
  acceptor_.close(ignored);
  if (in_flight_ == 0) {
    context_.stop();
  }
}

}  // namespace shop
