// One GET over plain HTTP, for the sidecar's read-only API. Beast lives in http_client.cc alone.
// Thread-safe: a call shares nothing.
#pragma once

#include <chrono>
#include <string>

#include "weir/status.h"

namespace weir::ctl {

struct HttpUrl {
  std::string host;  // without the brackets of an IPv6 address
  std::string port = "80";
  std::string path = "/";
};
// http://HOST[:PORT][/PATH]. Anything else is an error that names the URL and the reason.
[[nodiscard]] Result<HttpUrl> parse_http_url(const std::string& url);

struct HttpAnswer {
  int code = 0;
  std::string body;
};
// An error names the URL and the reason. An answer of any code is an answer.
[[nodiscard]] Result<HttpAnswer> http_get(const std::string& url,
                                          std::chrono::milliseconds timeout);

// The body of a 200; anything else is an error.
[[nodiscard]] Result<std::string> http_get_body(const std::string& url,
                                                std::chrono::milliseconds timeout);

}  // namespace weir::ctl
