// Answers whose bodies are made while they are written: piece after piece, each in one write with
// the frame around it, and none copied. The part of Connection that knows chunks (RFC 9112, 7.1).
#include <algorithm>
#include <array>
#include <boost/beast/core/buffers_suffix.hpp>
#include <charconv>
#include <utility>

#include "sidecar/http/connection.h"

namespace weir::sidecar::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using beast::error_code;

struct Connection::Pieces {
  bhttp::response<bhttp::empty_body> head;
  bhttp::response_serializer<bhttp::empty_body> head_serializer{head};
  std::function<std::string_view()> next_piece;
  std::string begun;  // what was read ahead of it
  bool chunked = true;
  bool ended = false;
  std::size_t bytes = 0;

  std::string frame;
  beast::buffers_suffix<std::array<asio::const_buffer, 3>> rest;  // of what is being written

  // Lays out what goes to the wire next. False: nothing does.
  bool next() {
    if (ended) {
      return false;
    }
    std::string_view piece = begun;
    if (bytes >= begun.size()) {
      piece = next_piece();
    }
    ended = piece.empty();
    bytes += piece.size();
    const asio::const_buffer body = asio::buffer(piece.data(), piece.size());
    if (!chunked) {
      rest = beast::buffers_suffix(std::array<asio::const_buffer, 3>{body});
      return !ended;
    }
    std::array<char, 16> hex;
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), piece.size(), 16).ptr;
    frame.assign(hex.data(), end);
    frame += "\r\n";
    rest = beast::buffers_suffix(
        std::array<asio::const_buffer, 3>{asio::buffer(frame), body, asio::buffer("\r\n", 2)});
    return true;
  }
};

// A body that ends within the first kilobytes has a length, as most have.
bool Connection::take_if_small(Response& response) {
  constexpr std::size_t kSmallBytes = 64u << 10;
  response.body = response.next_piece();
  if (response.body.size() <= kSmallBytes) {
    const std::string_view more = response.next_piece();
    response.body += more;
    if (more.empty()) {
      response.next_piece = nullptr;
      return true;
    }
  }
  return false;
}

void Connection::respond_in_pieces(Response response, bool keep_alive) {
  const auto& request = parser_->get();
  auto pieces = std::make_shared<Pieces>();
  pieces->next_piece = std::move(response.next_piece);
  pieces->begun = std::move(response.body);
  pieces->chunked = request.version() >= 11;  // to HTTP/1.0 the end of the connection is the end
  pieces->ended = request.method() == bhttp::verb::head;
  auto& head = pieces->head;
  head.result(static_cast<unsigned>(response.status));
  head.version(request.version());
  for (const auto& [name, value] : response.headers) {
    head.set(name, value);
  }
  head.set(bhttp::field::content_type, response.content_type);
  head.keep_alive(keep_alive && pieces->chunked && !context_.stopping);
  head.chunked(pieces->chunked);
  if (response.on_sent) {
    on_finished_ = [sent = std::move(response.on_sent), pieces = pieces.get()] {
      sent(pieces->bytes);
    };
  }
  answer_deadline_ = Clock::now() + context_.options.answer_timeout;
  write_head(std::move(pieces));
}

void Connection::write_head(std::shared_ptr<Pieces> pieces) {
  stream_.expires_at(std::min(Clock::now() + context_.options.write_timeout, answer_deadline_));
  auto& serializer = pieces->head_serializer;
  bhttp::async_write_header(
      stream_, serializer,
      [self = shared_from_this(), pieces = std::move(pieces)](error_code error, std::size_t) {
        return error ? self->close() : self->write_pieces(pieces);
      });
}

void Connection::write_pieces(std::shared_ptr<Pieces> pieces) {
  if (!pieces->next()) {
    return finish(pieces->head.keep_alive());
  }
  write_rest(std::move(pieces));
}

// Each step that makes progress earns a new time-out, up to the end of the answer's time.
void Connection::write_rest(std::shared_ptr<Pieces> pieces) {
  stream_.expires_at(std::min(Clock::now() + context_.options.write_timeout, answer_deadline_));
  auto& rest = pieces->rest;
  stream_.async_write_some(rest, [self = shared_from_this(), pieces = std::move(pieces)](
                                     error_code error, std::size_t bytes) {
    if (error) {
      return self->close();
    }
    pieces->rest.consume(bytes);
    return beast::buffer_bytes(pieces->rest) > 0 ? self->write_rest(pieces)
                                                 : self->write_pieces(pieces);
  });
}

}  // namespace weir::sidecar::http
