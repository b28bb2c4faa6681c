// What the shop records. A value type: copies record into the same series.
// Thread-safe: any method from any thread.
#pragma once

#include <weir/weir.h>

namespace shop {

struct Metrics {
  weir::CounterFamily requests;   // method, code, route
  weir::HistogramFamily seconds;  // route
  weir::Gauge in_flight;
  weir::DoubleCounter revenue_euros;

  weir::Status register_in(weir::Registrar& registrar) {
    return weir::Registration(registrar)
        .add(requests, {.name = "http_requests_total",
                        .help = "Requests answered.",
                        .labels = {"method", "code", "route"}})
        .add(seconds, {.name = "http_request_duration_seconds",
                       .help = "Time from the whole request to the whole answer.",
                       .labels = {"route"},
                       .unit = "seconds",
                       .bounds = weir::exponential_bounds(0.001, 2, 11)})
        .add(in_flight, {.name = "http_requests_in_flight", .help = "Requests being answered."})
        .add(revenue_euros,
             {.name = "revenue_euros_total", .help = "What the checked-out carts were worth."})
        .status();
  }
};

}  // namespace shop
