// A struct of metrics: declared once, registered for each part of the program that has them. The
// parts are scopes of one registry. Prints what it recorded as a /metrics page.
#include <weir/weir.h>

#include <cstdio>
#include <string>

namespace {

struct ServiceMetrics {
  weir::CounterFamily requests;
  weir::Gauge active_requests;
  weir::Histogram request_duration;

  weir::Status register_in(weir::Registrar& registrar) {
    return weir::Registration(registrar)
        .add(requests,
             {.name = "requests_total", .help = "Requests served.", .labels = {"method", "code"}})
        .add(active_requests, {.name = "active_requests", .help = "Requests being served."})
        .add(request_duration, {.name = "request_duration_seconds",
                                .help = "Time to serve a request.",
                                .unit = "seconds",
                                .bounds = weir::exponential_bounds(0.001, 4, 6)})
        .status();
  }
};

void serve(const ServiceMetrics& metrics, const std::string& method, bool found) {
  weir::Gauge active = metrics.active_requests;
  active.inc();
  {
    const weir::Timer timer(metrics.request_duration);
    metrics.requests.with(method, found ? "200" : "404").inc();
  }
  active.dec();
}

}  // namespace

int main() {
  weir::Registry registry({.constant_labels = {{"region", "eu"}}});

  // service_requests_total{handler="api"}, and the same metrics with handler="admin".
  ServiceMetrics api;
  ServiceMetrics admin;
  weir::Scope api_scope = registry.scope("service", {{"handler", "api"}});
  weir::Scope admin_scope = registry.scope("service", {{"handler", "admin"}});
  for (const weir::Status& status : {api.register_in(api_scope), admin.register_in(admin_scope)}) {
    if (!status.ok()) {
      std::fprintf(stderr, "cannot register: %s\n", status.reason().c_str());
      return 1;
    }
  }

  serve(api, "GET", true);
  serve(api, "GET", false);
  serve(admin, "POST", true);
  std::fputs(registry.text().c_str(), stdout);
  return 0;
}
