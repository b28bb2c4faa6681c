// A request and an answer as plain values: what routes see of HTTP.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::sidecar::http {

struct Request {
  std::string method;  // "GET"; HEAD comes as HEAD, the server drops the body of the answer
  std::string path;    // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in their order
  std::string accept;                                      // "" where the header is missing
  std::string accept_encoding;                             // the same
  bool from_scraper = false;  // Prometheus, or what speaks like it: it names its time-out
  std::string body;

  // Of every `name=value` and `name[]=value` the values.
  [[nodiscard]] std::vector<std::string> values_of(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;  // `?strict`, `?strict=1`
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones

  // A body too large to stand in memory whole: the next piece, valid until the next call; an empty
  // one ends it. Called by the thread that writes. `body` is not looked at then.
  std::function<std::string_view()> next_piece;
  // The last byte of such a body was handed to the network: how many there were.
  std::function<void(std::size_t bytes)> on_sent;
};

// Splits and decodes a request target ("/metrics?name[]=up") into path and query. False: it is not
// one (does not begin with a slash, a broken %XX, a zero byte).
[[nodiscard]] bool parse_target(std::string_view target, Request& request);

}  // namespace weir::sidecar::http
