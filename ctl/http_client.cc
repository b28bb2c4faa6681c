#include "ctl/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "weir/version.h"

namespace weir::ctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr std::uint64_t kBodyBytesMax = 256u << 20;

// Resolve, connect, write, read: one request on one thread, ended by the first error or the last
// byte. Errors name the step, so that a person knows which end to look at.
class Exchange {
 public:
  Exchange(asio::io_context& context, const HttpUrl& url)
      : resolver_(context), stream_(context), url_(url) {
    request_.version(11);
    request_.method(http::verb::get);
    request_.target(url.path);
    const bool ipv6 = url.host.find(':') != std::string::npos;
    request_.set(http::field::host,
                 fmt::format("{}{}{}:{}", ipv6 ? "[" : "", url.host, ipv6 ? "]" : "", url.port));
    request_.set(http::field::user_agent, "weirctl/" WEIR_VERSION);
    request_.set(http::field::connection, "close");
    parser_.body_limit(kBodyBytesMax);
  }

  void start() {
    step_ = "resolve the host";
    resolver_.async_resolve(url_.host, url_.port, [this](beast::error_code error, auto results) {
      if (!failed(error)) {
        connect(results);
      }
    });
  }

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] const char* step() const { return step_; }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] HttpAnswer take() {
    return {.code = static_cast<int>(parser_.get().result_int()),
            .body = std::move(parser_.get().body())};
  }

 private:
  void connect(const Tcp::resolver::results_type& results) {
    step_ = "connect";
    stream_.async_connect(results, [this](beast::error_code error, const Tcp::endpoint&) {
      if (!failed(error)) {
        write();
      }
    });
  }

  void write() {
    step_ = "send the request";
    http::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
      if (!failed(error)) {
        read();
      }
    });
  }

  void read() {
    step_ = "read the answer";
    http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) {
      if (!failed(error)) {
        done_ = true;
      }
    });
  }

  bool failed(beast::error_code error) {
    if (error) {
      failure_ = fmt::format("cannot {}: {}", step_, error.message());
    }
    return static_cast<bool>(error);
  }

  Tcp::resolver resolver_;
  beast::tcp_stream stream_;
  HttpUrl url_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
  const char* step_ = "";
  std::string failure_;
  bool done_ = false;
};

Status bad_url(const std::string& url, std::string_view reason) {
  return Status::error(fmt::format("URL \"{}\": {}", url, reason));
}

}  // namespace

Result<HttpUrl> parse_http_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) {
    return bad_url(url, rest.starts_with("https://")
                            ? "https is not supported, the sidecar serves plain http"
                            : "does not begin with http://");
  }
  rest.remove_prefix(kScheme.size());
  HttpUrl parsed;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    parsed.path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) {
      return bad_url(url, "the bracket of the IPv6 address is not closed");
    }
    parsed.host = rest.substr(1, bracket - 1);
    port = rest.substr(bracket + 1);
  } else {
    const std::size_t colon = rest.find(':');
    parsed.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
  }
  if (parsed.host.empty()) {
    return bad_url(url, "no host");
  }
  if (!port.empty()) {
    port.remove_prefix(1);
    const bool digits = port.find_first_not_of("0123456789") == std::string_view::npos;
    if (port.empty() || port.size() > 5 || !digits || std::stoi(std::string(port)) > 65535) {
      return bad_url(url, fmt::format("the port \"{}\" is not a number up to 65535", port));
    }
    parsed.port = port;
  }
  return parsed;
}

Result<HttpAnswer> http_get(const std::string& url, std::chrono::milliseconds timeout) {
  const Result<HttpUrl> parsed = parse_http_url(url);
  if (!parsed.ok()) {
    return parsed.status();
  }
  asio::io_context context;
  Exchange exchange(context, *parsed);
  exchange.start();
  context.run_for(timeout);
  if (exchange.done()) {
    return exchange.take();
  }
  return Status::error(fmt::format(
      "GET {}: {}", url,
      exchange.failure().empty()
          ? fmt::format("cannot {}: no answer within {} ms", exchange.step(), timeout.count())
          : exchange.failure()));
}

Result<std::string> http_get_body(const std::string& url, std::chrono::milliseconds timeout) {
  Result<HttpAnswer> answer = http_get(url, timeout);
  if (!answer.ok()) {
    return answer.status();
  }
  if (answer->code != 200) {
    return Status::error("GET " + url + ": answered " + std::to_string(answer->code));
  }
  return std::move(answer->body);
}

}  // namespace weir::ctl
