#include "bench/support/catalog.h"

#include <algorithm>

namespace weir::bench {
namespace {

constexpr std::array<std::string_view, 5> kRoutes = {
    "/api/v1/customers/orders/items/prices", "/api/v1/customers/invoices/open",
    "/api/v1/warehouse/stock/reservations", "/api/v1/payments/methods/verify",
    "/api/v1/customers/addresses/geocoding"};

std::string padded(std::uint32_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

}  // namespace

std::string Catalog::family_name(std::uint32_t family) const {
  return is_histogram_family(family) ? "bench_request_seconds_" + padded(family, 2)
                                     : "bench_requests_" + padded(family, 2) + "_total";
}

std::vector<double> Catalog::bounds() {
  std::vector<double> bounds;
  for (double bound = 0.001; bounds.size() + 1 < kBuckets; bound *= 2) {
    bounds.push_back(bound);
  }
  return bounds;
}

std::array<std::string, Catalog::kLabelNames.size()> Catalog::label_values(std::uint32_t series) {
  return {padded(series, 8), std::string(kRoutes[series / 11 % kRoutes.size()])};
}

}  // namespace weir::bench
