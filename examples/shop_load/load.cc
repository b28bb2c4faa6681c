#include "examples/shop_load/load.h"

#include <algorithm>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <string>
#include <utility>

namespace shop_load {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kTick{5};
constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::chrono::seconds kStopPatience{3};
constexpr std::chrono::seconds kIdleMax{30};  // the shop itself hangs up after 60 s

struct Visit {
  http::verb method;
  const char* target;
};

// What visitors do: most look, some buy, one in a hundred is lost.
Visit next_visit(std::mt19937& random) {
  const int chance = std::uniform_int_distribution(0, 99)(random);
  if (chance < 60) {
    return {http::verb::get, "/"};
  }
  if (chance < 85) {
    return {http::verb::get, "/cart"};
  }
  if (chance < 99) {
    return {http::verb::post, "/checkout"};
  }
  return {http::verb::get, "/favicon.ico"};
}

}  // namespace

// One connection: connects when it must, sends one request at a time.
class Load::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Load& load, asio::io_context& context) : load_(load), stream_(context) {}

  void send(const Visit& visit) {
    request_ = {visit.method, visit.target, 11};
    request_.set(http::field::host, "127.0.0.1");
    request_.set(http::field::user_agent, "shop_load");
    request_.prepare_payload();
    used_at_ = steady_clock::now();
    stream_.expires_after(kAnswerTimeout);
    if (stream_.socket().is_open()) {
      write();
      return;
    }
    const asio::ip::tcp::endpoint shop(asio::ip::address_v4::loopback(), load_.options_.port);
    stream_.async_connect(shop, [self = shared_from_this()](beast::error_code error) {
      error ? self->fail() : self->write();
    });
  }

  [[nodiscard]] bool stale() const { return steady_clock::now() - used_at_ > kIdleMax; }

 private:
  void write() {
    http::async_write(stream_, request_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        error ? self->fail() : self->read();
                      });
  }

  void read() {
    response_ = {};
    http::async_read(stream_, buffer_, response_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       error ? self->fail() : self->done();
                     });
  }

  void done() {
    if (!response_.keep_alive()) {
      stream_.close();
    }
    load_.ended(shared_from_this(), response_.result_int());
  }

  void fail() {
    stream_.close();
    buffer_.clear();
    load_.ended(shared_from_this(), 0);
  }

  Load& load_;
  beast::tcp_stream stream_;
  steady_clock::time_point used_at_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

Load::Load(asio::io_context& context, const Options& options)
    : context_(context),
      options_(options),
      timer_(context),
      patience_(context),
      started_(steady_clock::now()),
      random_(options.seed) {
  tick();
}

Load::~Load() = default;

void Load::tick() {
  const double elapsed = std::chrono::duration<double>(steady_clock::now() - started_).count();
  if (options_.duration > 0 && elapsed >= options_.duration) {
    stop();
  }
  if (stopping_) {
    return;
  }
  const auto due = static_cast<std::uint64_t>(elapsed * options_.rate);
  while (report_.sent < due && busy_ < options_.connections_max) {
    send_one();
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](beast::error_code error) {
    if (!error) {
      tick();
    }
  });
}

void Load::send_one() {
  // The last used stands last: where that one is stale, all are.
  if (!idle_.empty() && idle_.back()->stale()) {
    idle_.clear();
  }
  std::shared_ptr<Connection> connection;
  if (idle_.empty()) {
    connection = std::make_shared<Connection>(*this, context_);
  } else {
    connection = std::move(idle_.back());
    idle_.pop_back();
  }
  ++busy_;
  ++report_.sent;
  connection->send(next_visit(random_));
}

void Load::ended(const std::shared_ptr<Connection>& connection, unsigned code) {
  --busy_;
  idle_.push_back(connection);
  if (code == 0) {
    ++report_.failed;
  } else {
    ++report_.answered;
    ++report_.codes[code];
  }
  if (stopping_ && busy_ == 0) {
    context_.stop();
  }
}

void Load::stop() {
  if (stopping_) {
    return;
  }
  stopping_ = true;
  timer_.cancel();
  if (busy_ == 0) {
    context_.stop();
    return;
  }
  patience_.expires_after(kStopPatience);
  patience_.async_wait([this](beast::error_code error) {
    if (!error) {
      context_.stop();
    }
  });
}

}  // namespace shop_load
