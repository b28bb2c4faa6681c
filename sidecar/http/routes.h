// The routes of the public listener: which path answers what. Read-only.
// Thread-safe: any method from any thread.
#pragma once

#include <string_view>

#include "sidecar/http/message.h"
#include "sidecar/http/server.h"
#include "sidecar/view.h"

namespace weir::sidecar::http {

class Routes {
 public:
  // `view` outlives this.
  explicit Routes(View& view) : view_(view) {}

  [[nodiscard]] Response answer(const Request& request) const;
  // A scrape is slow, /healthz must never wait, the rest may wait for a lock.
  [[nodiscard]] static Lane lane_of(const Request& request);

 private:
  [[nodiscard]] Response metrics(const Request& request) const;
  [[nodiscard]] Response ready(const Request& request) const;

  View& view_;
};

// The page `/`: one HTML file without external resources, filled by its own script from /api/v1.
[[nodiscard]] std::string_view page_html();

}  // namespace weir::sidecar::http
