#include "sidecar/http/routes.h"

#include <chrono>
#include <memory>

#include "sidecar/http/json.h"

namespace weir::sidecar::http {
namespace {

constexpr std::string_view kPaths =
    "/  /metrics  /healthz  /readyz  /api/v1/status  /api/v1/publishers  /api/v1/totals";

Response text(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response json(std::string body) {
  Response response = text(200, std::move(body));
  response.content_type = "application/json";
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

Response page() {
  Response response = text(200, std::string(page_html()));
  response.content_type = "text/html; charset=utf-8";
  // Names that publishers choose are shown on the page: nothing that slips in may load or send.
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src "
      "'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

Response not_recovered(const StatusReport& status) {
  Response response = text(503, "not ready: " + status.recovery + "\n");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

Lane Routes::lane_of(const Request& request) {
  if (request.path == "/healthz") {
    return Lane::kAtOnce;
  }
  return request.path == "/metrics" ? Lane::kSlow : Lane::kQuick;
}

Response Routes::answer(const Request& request) const {
  const std::string& path = request.path;
  const bool known = path == "/" || path == "/metrics" || path == "/healthz" || path == "/readyz" ||
                     path == "/api/v1/status" || path == "/api/v1/publishers" ||
                     path == "/api/v1/totals";
  if (!known) {
    return text(404, "nothing is here; try one of " + std::string(kPaths) + "\n");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = text(405, "only GET and HEAD are allowed here\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (path == "/metrics") {
    return metrics(request);
  }
  if (path == "/healthz") {
    return text(200, "ok\n");
  }
  if (path == "/readyz") {
    return ready(request);
  }
  if (path == "/api/v1/status") {
    return json(status_json(view_.status()));
  }
  if (path == "/api/v1/publishers") {
    return json(publishers_json(view_.publishers(), view_.services(), view_.refusals()));
  }
  if (path == "/api/v1/totals") {
    return json(totals_json(view_.totals()));
  }
  return page();
}

Response Routes::metrics(const Request& request) const {
  const auto begin = std::chrono::steady_clock::now();
  const StatusReport status = view_.status();
  if (!status.recovered) {
    // A value lower than the last one scraped would be read as a reset: better no answer.
    return not_recovered(status);
  }
  const Format format = negotiate_format(request.accept);
  const Selection selection{request.values_of("name"), request.values_of("collect"),
                            request.from_scraper};
  const bool gzip = accepts_gzip(request.accept_encoding);
  Response response = text(200, "");
  const std::shared_ptr<Page> page =
      view_.page(format, selection, gzip ? Encoding::kGzip : Encoding::kIdentity);
  response.next_piece = [page] { return page->next(); };
  response.content_type = std::string(content_type(format));
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (gzip) {
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  response.on_sent = [this, begin](std::size_t bytes) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    view_.scraped(taken.count(), bytes);
  };
  return response;
}

Response Routes::ready(const Request& request) const {
  const StatusReport status = view_.status();
  if (!status.recovered) {
    return not_recovered(status);
  }
  if (!request.has("strict") || status.degraded.empty()) {
    return text(200, "ready\n");
  }
  std::string reasons = "degraded:\n";
  for (const std::string& reason : status.degraded) {
    reasons += "- " + reason + "\n";
  }
  return text(503, std::move(reasons));
}

}  // namespace weir::sidecar::http
