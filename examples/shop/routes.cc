#include "examples/shop/routes.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace shop {
namespace {

constexpr double kDelayMaxMs = 2'000;
constexpr double kCheckoutFailureRate = 0.03;

Answer refusal(unsigned code, std::string_view route, std::string body) {
  return {.code = code, .route = route, .body = std::move(body)};
}

}  // namespace

Answer Routes::answer(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/" || path == "/cart") {
    const bool cart = path == "/cart";
    if (method != "GET") {
      return refusal(405, cart ? "/cart" : "/", "Only GET.\n");
    }
    return cart ? Answer{.route = "/cart", .body = "Your cart.\n", .delay = delay(4, 6)}
                : Answer{.route = "/", .body = "Welcome to the shop.\n", .delay = delay(0.5, 1)};
  }
  if (path == "/checkout") {
    return method == "POST" ? checkout() : refusal(405, "/checkout", "Only POST.\n");
  }
  return refusal(404, "other", "No such page.\n");
}

Answer Routes::checkout() {
  Answer answer{.route = "/checkout", .body = "Thank you.\n", .delay = delay(15, 40)};
  if (std::bernoulli_distribution(kCheckoutFailureRate)(random_)) {
    answer.code = 500;
    answer.body = "The payment service did not answer.\n";
    return answer;
  }
  const double cents = std::uniform_int_distribution(500, 12'000)(random_);
  answer.revenue_euros = cents / 100;
  return answer;
}

std::chrono::microseconds Routes::delay(double least_ms, double mean_above_ms) {
  const double above_ms = std::exponential_distribution<double>(1 / mean_above_ms)(random_);
  const double all_ms = std::min(least_ms + above_ms, kDelayMaxMs);
  return std::chrono::microseconds(std::llround(all_ms * 1000));
}

std::string_view method_label(std::string_view method) {
  static constexpr std::array<std::string_view, 5> kKnown{"GET", "POST", "PUT", "DELETE", "HEAD"};
  const auto* found = std::find(kKnown.begin(), kKnown.end(), method);
  return found == kKnown.end() ? "other" : *found;
}

}  // namespace shop
