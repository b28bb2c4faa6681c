// One client's connection: reads a request, has it answered, writes the answer, and again. Shown to
// server.cc only; includes Boost.Beast. Single-threaded: only the server's io thread calls this.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <unordered_set>

#include "sidecar/http/server.h"

namespace weir::sidecar::http {

class Connection;

// What the connections of a server share. Outlives them.
struct ConnectionContext {
  ServerOptions options;
  Handler handler;
  LaneOf lane_of;
  boost::asio::thread_pool quick{1};
  boost::asio::thread_pool slow{2};
  std::unordered_set<Connection*> open;  // io thread only
  std::size_t slow_answers = 0;          // io thread only
  bool stopping = false;                 // io thread only
  std::function<void()> on_last_closed;  // io thread only; may be empty
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, ConnectionContext& context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() { read_first_byte(); }
  // The server stops: closes at once if it waits for a request, else after the answer.
  void stop();
  void abort();

 private:
  struct Pieces;
  using Clock = std::chrono::steady_clock;

  void read_first_byte();
  void read_header();
  void read_body();
  void on_bad_request(boost::beast::error_code error);
  void dispatch();
  void run_handler(Request request, Lane lane);
  void respond(Response response, bool keep_alive);
  template <typename Body>
  void begin_write(boost::beast::http::response<Body> message);
  template <typename Serializer>
  void write_some(std::shared_ptr<Serializer> serializer);

  // connection_pieces.cc
  [[nodiscard]] static bool take_if_small(Response& response);
  void respond_in_pieces(Response response, bool keep_alive);
  void write_head(std::shared_ptr<Pieces> pieces);
  void write_pieces(std::shared_ptr<Pieces> pieces);
  void write_rest(std::shared_ptr<Pieces> pieces);

  void finish(bool keep_alive);
  void release_slow_answer();
  void drain();
  void close();

  boost::beast::tcp_stream stream_;
  ConnectionContext& context_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  bool waiting_ = false;      // for the first byte of a request
  bool slow_answer_ = false;  // counted in the context
  Clock::time_point answer_deadline_;
  std::function<void()> on_finished_;  // when the answer's last byte was written
};

}  // namespace weir::sidecar::http
