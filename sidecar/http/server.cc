#include "sidecar/http/server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "sidecar/http/connection.h"

namespace weir::sidecar::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n";

bool is_missing_family(const error_code& error) {
  return error == asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

// Opens, binds, listens. An IPv6 socket of "every address" takes IPv4 as well.
error_code listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool dual_stack) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error && endpoint.protocol() == tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(!dual_stack), error);
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler handler, LaneOf lane_of) {
    context_.options = std::move(options);
    context_.handler = std::move(handler);
    context_.lane_of = std::move(lane_of);
  }

  Status start();
  std::uint16_t port() const { return port_; }
  void stop(std::chrono::milliseconds deadline);

 private:
  Status listen();
  Status listen_to_names();
  Status failure(const error_code& error) const;
  void accept(tcp::acceptor& acceptor);
  void on_accepted(tcp::socket socket);
  void begin_stop(std::chrono::milliseconds deadline);

  ConnectionContext context_;  // outlives io_, whose handlers hold connections
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  std::vector<tcp::acceptor> acceptors_;
  asio::steady_timer deadline_{io_};
  asio::steady_timer pause_{io_};
  std::uint16_t port_ = 0;
  std::mutex stopping_;
  std::thread thread_;
};

Status Server::Impl::failure(const error_code& error) const {
  return Status::error("cannot listen on " + context_.options.listen.to_string() + ": " +
                       error.message());
}

Status Server::Impl::listen() {
  const ListenAddress& wanted = context_.options.listen;
  if (!wanted.host.empty()) {
    return listen_to_names();
  }
  acceptors_.emplace_back(io_);
  error_code error = listen_on(acceptors_.back(), {tcp::v6(), wanted.port}, true);
  if (is_missing_family(error)) {
    error = listen_on(acceptors_.back(), {tcp::v4(), wanted.port}, false);
  }
  return error ? failure(error) : Status();
}

// A name may stand for several addresses (localhost: 127.0.0.1 and ::1); those of a family that the
// machine lacks are left out.
Status Server::Impl::listen_to_names() {
  const ListenAddress& wanted = context_.options.listen;
  error_code error;
  tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(wanted.host, std::to_string(wanted.port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) {
    return failure(error);
  }
  error_code missing;
  std::uint16_t port = wanted.port;
  for (const auto& entry : found) {
    tcp::acceptor acceptor(io_);
    const tcp::endpoint endpoint(entry.endpoint().address(), port);
    const bool every_address = endpoint.address().is_v6() && endpoint.address().is_unspecified();
    error = listen_on(acceptor, endpoint, every_address);
    if (is_missing_family(error)) {
      missing = error;
      continue;
    }
    if (error) {
      return failure(error);
    }
    port = acceptor.local_endpoint().port();
    acceptors_.push_back(std::move(acceptor));
  }
  return acceptors_.empty() ? failure(missing) : Status();
}

Status Server::Impl::start() {
  if (Status status = listen(); !status.ok()) {
    acceptors_.clear();
    return status;
  }
  port_ = acceptors_.front().local_endpoint().port();
  for (tcp::acceptor& acceptor : acceptors_) {
    accept(acceptor);
  }
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

void Server::Impl::accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](error_code error, tcp::socket socket) {
    if (!acceptor.is_open()) {
      return;
    }
    if (!error) {
      on_accepted(std::move(socket));
      return accept(acceptor);
    }
    // Out of file descriptors, most likely: trying again at once would only spin.
    pause_.expires_after(std::chrono::milliseconds(50));
    pause_.async_wait([this, &acceptor](error_code) {
      if (acceptor.is_open()) {
        accept(acceptor);
      }
    });
  });
}

void Server::Impl::on_accepted(tcp::socket socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (context_.open.size() >= context_.options.connections_max) {
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kTooMany.data(), kTooMany.size()), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  std::make_shared<Connection>(std::move(socket), context_)->start();
}

void Server::Impl::begin_stop(std::chrono::milliseconds deadline) {
  error_code ignored;
  for (tcp::acceptor& acceptor : acceptors_) {
    acceptor.close(ignored);
  }
  pause_.cancel();
  context_.stopping = true;
  if (context_.open.empty()) {
    return work_.reset();
  }
  // A connection that waits for its handler counts as open, so io_ runs until that has returned.
  context_.on_last_closed = [this] {
    deadline_.cancel();
    work_.reset();
  };
  for (Connection* connection : context_.open) {
    connection->stop();
  }
  deadline_.expires_after(deadline);
  deadline_.async_wait([this](error_code error) {
    if (!error) {
      for (Connection* connection : context_.open) {
        connection->abort();
      }
    }
  });
}

void Server::Impl::stop(std::chrono::milliseconds deadline) {
  const std::lock_guard lock(stopping_);
  if (!thread_.joinable()) {
    return;
  }
  asio::post(io_, [this, deadline] { begin_stop(deadline); });
  thread_.join();
  context_.quick.join();
  context_.slow.join();
}

Server::Server(ServerOptions options, Handler handler, LaneOf lane_of)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler), std::move(lane_of))) {}

Server::~Server() {
  impl_->stop(std::chrono::milliseconds(0));
}

Status Server::start() {
  return impl_->start();
}
std::uint16_t Server::port() const {
  return impl_->port();
}
void Server::stop(std::chrono::milliseconds deadline) {
  impl_->stop(deadline);
}

}  // namespace weir::sidecar::http
