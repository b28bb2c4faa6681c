#include "sidecar/http/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <exception>

namespace weir::sidecar::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using beast::error_code;

namespace {

std::string_view view_of(beast::string_view text) {
  return {text.data(), text.size()};
}

Response plain(int status, std::string text) {
  Response response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

// All Accept lines: a list header may come in several.
std::string joined(const bhttp::fields& fields, bhttp::field name) {
  std::string text;
  const auto [begin, end] = fields.equal_range(name);
  for (auto it = begin; it != end; ++it) {
    text += (text.empty() ? "" : ", ") + std::string(view_of(it->value()));
  }
  return text;
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, ConnectionContext& context)
    : stream_(std::move(socket)), context_(context) {
  buffer_.max_size(context.options.header_bytes_max + context.options.body_bytes_max);
  context_.open.insert(this);
}

Connection::~Connection() {
  release_slow_answer();
  context_.open.erase(this);
  if (context_.open.empty() && context_.on_last_closed) {
    context_.on_last_closed();
  }
}

void Connection::stop() {
  if (waiting_) {
    abort();
  }
}

void Connection::abort() {
  error_code ignored;
  stream_.socket().close(ignored);
}

// Waiting for a request and reading one have different time-outs: a kept-alive connection may idle
// for long, but a request that has begun must end soon.
void Connection::read_first_byte() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(context_.options.header_bytes_max));
  parser_->body_limit(context_.options.body_bytes_max);
  if (context_.stopping) {
    return close();
  }
  if (buffer_.size() > 0) {  // pipelined: it is here already
    return read_header();
  }
  waiting_ = true;
  stream_.expires_after(context_.options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->waiting_ = false;
                            if (error) {
                              return self->close();
                            }
                            self->buffer_.commit(bytes);
                            self->read_header();
                          });
}

void Connection::read_header() {
  stream_.expires_after(context_.options.request_timeout);
  bhttp::async_read_header(stream_, buffer_, *parser_,
                           [self = shared_from_this()](error_code error, std::size_t) {
                             if (error) {
                               return self->on_bad_request(error);
                             }
                             self->read_body();
                           });
}

void Connection::read_body() {
  bhttp::async_read(stream_, buffer_, *parser_,
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error) {
                        return self->on_bad_request(error);
                      }
                      self->dispatch();
                    });
}

void Connection::on_bad_request(error_code error) {
  if (error == beast::error::timeout) {
    return close();  // a slow client gets no more of our time
  }
  if (error == bhttp::error::body_limit) {
    return respond(plain(413, "the body is larger than " +
                                  std::to_string(context_.options.body_bytes_max) + " bytes"),
                   false);
  }
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow) {
    const bool target_is_read = !parser_->get().target().empty();
    return respond(
        target_is_read
            ? plain(431, "the header is larger than " +
                             std::to_string(context_.options.header_bytes_max) + " bytes")
            : plain(414, "the request target is too long"),
        false);
  }
  const bool parse_error =
      error.category() == bhttp::make_error_code(bhttp::error::bad_method).category();
  if (parse_error && error != bhttp::error::end_of_stream &&
      error != bhttp::error::partial_message) {
    return respond(plain(400, "not an HTTP request: " + error.message()), false);
  }
  close();
}

void Connection::dispatch() {
  const auto& message = parser_->get();
  const bool keep_alive = message.keep_alive();
  const std::string_view target = view_of(message.target());
  if (target.size() > context_.options.target_bytes_max) {
    return respond(plain(414, "the request target is longer than " +
                                  std::to_string(context_.options.target_bytes_max) + " bytes"),
                   keep_alive);
  }
  Request request;
  request.method = std::string(view_of(message.method_string()));
  if (!parse_target(target, request)) {
    return respond(plain(400, "the request target is malformed"), keep_alive);
  }
  request.accept = joined(message, bhttp::field::accept);
  request.accept_encoding = joined(message, bhttp::field::accept_encoding);
  // Prometheus sends it with every scrape.
  request.from_scraper = message.count("X-Prometheus-Scrape-Timeout-Seconds") > 0;
  request.body = std::move(parser_->get().body());
  const Lane lane = context_.lane_of(request);
  run_handler(std::move(request), lane);
}

void Connection::run_handler(Request request, Lane lane) {
  const auto answer = [this](const Request& asked) {
    try {
      return context_.handler(asked);
    } catch (const std::exception& error) {
      return plain(500, std::string("internal error: ") + error.what());
    }
  };
  if (lane == Lane::kAtOnce) {
    return respond(answer(request), parser_->get().keep_alive());
  }
  if (lane == Lane::kSlow) {
    if (context_.slow_answers >= context_.options.slow_answers_max) {
      return respond(plain(503, "too many of these are being answered"),
                     parser_->get().keep_alive());
    }
    ++context_.slow_answers;
    slow_answer_ = true;
  }
  stream_.expires_never();
  asio::thread_pool& pool = lane == Lane::kQuick ? context_.quick : context_.slow;
  asio::post(pool, [self = shared_from_this(), answer, request = std::move(request)]() mutable {
    Response response = answer(request);
    // The reference travels along, so that the last one is always dropped by the io thread.
    const auto io = self->stream_.get_executor();
    asio::post(io, [moved = std::move(self), response = std::move(response)]() mutable {
      Connection& connection = *moved;
      connection.respond(std::move(response), connection.parser_->get().keep_alive());
    });
  });
}

void Connection::respond(Response response, bool keep_alive) {
  if (response.next_piece && !take_if_small(response)) {
    return respond_in_pieces(std::move(response), keep_alive);
  }
  if (response.on_sent) {
    on_finished_ = [sent = std::move(response.on_sent), bytes = response.body.size()] {
      sent(bytes);
    };
  }
  const unsigned version = parser_->is_header_done() ? parser_->get().version() : 11;
  const bool head = parser_->is_header_done() && parser_->get().method() == bhttp::verb::head;
  const auto fill = [&](auto& message) {
    message.result(static_cast<unsigned>(response.status));
    message.version(version);
    for (const auto& [name, value] : response.headers) {
      message.set(name, value);
    }
    message.keep_alive(keep_alive && !context_.stopping);
    if (!has_no_body(response.status)) {
      message.set(bhttp::field::content_type, response.content_type);
      message.content_length(response.body.size());
    }
  };
  answer_deadline_ = Clock::now() + context_.options.answer_timeout;
  if (head || has_no_body(response.status)) {
    bhttp::response<bhttp::empty_body> message;
    fill(message);
    return begin_write(std::move(message));
  }
  bhttp::response<bhttp::string_body> message;
  fill(message);
  message.body() = std::move(response.body);
  begin_write(std::move(message));
}

template <typename Body>
void Connection::begin_write(bhttp::response<Body> message) {
  // The serializer refers to the message: both live until the last byte is written.
  struct Writing {
    explicit Writing(bhttp::response<Body> m) : message(std::move(m)), serializer(message) {}
    bhttp::response<Body> message;
    bhttp::response_serializer<Body> serializer;
  };
  write_some(std::make_shared<Writing>(std::move(message)));
}

template <typename Writing>
void Connection::write_some(std::shared_ptr<Writing> writing) {
  // Each step that makes progress earns a new time-out, up to the end of the answer's time.
  stream_.expires_at(std::min(Clock::now() + context_.options.write_timeout, answer_deadline_));
  auto& serializer = writing->serializer;
  bhttp::async_write_some(
      stream_, serializer,
      [self = shared_from_this(), writing = std::move(writing)](error_code error, std::size_t) {
        if (error) {
          return self->close();
        }
        if (!writing->serializer.is_done()) {
          return self->write_some(std::move(writing));
        }
        self->finish(writing->message.keep_alive());
      });
}

void Connection::release_slow_answer() {
  if (slow_answer_) {
    slow_answer_ = false;
    --context_.slow_answers;
  }
}

void Connection::finish(bool keep_alive) {
  if (const auto on_finished = std::exchange(on_finished_, nullptr)) {
    on_finished();
  }
  release_slow_answer();
  if (keep_alive) {
    return read_first_byte();
  }
  // What the client still sends is read and dropped: closing with unread bytes would reset the
  // connection, and the client might never see the answer.
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  answer_deadline_ = Clock::now() + std::chrono::seconds(1);
  drain();
}

void Connection::drain() {
  stream_.expires_at(answer_deadline_);
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            return error ? self->close() : self->drain();
                          });
}

void Connection::close() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.socket().close(ignored);
}

}  // namespace weir::sidecar::http
