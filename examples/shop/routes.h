// What the shop answers, and how long it takes over it: a function of the request and of chance.
// Single-threaded: only the server's thread calls this.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace shop {

struct Answer {
  unsigned code = 200;
  std::string_view route;  // a label value: from a short fixed list, never the client's own text
  std::string body;
  std::chrono::microseconds delay{0};  // the work that this example does not do
  double revenue_euros = 0;
};

class Routes {
 public:
  explicit Routes(std::uint32_t seed) : random_(seed) {}
  [[nodiscard]] Answer answer(std::string_view method, std::string_view target);

 private:
  [[nodiscard]] Answer checkout();
  // Mostly near the least, now and then far above it, as services are.
  [[nodiscard]] std::chrono::microseconds delay(double least_ms, double mean_above_ms);

  std::mt19937 random_;
};

// The method as a label value: also from a short fixed list.
[[nodiscard]] std::string_view method_label(std::string_view method);

}  // namespace shop
