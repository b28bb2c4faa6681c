// A gauge: a value that goes up and down. One shared cell per series: the last set wins, add and
// sub are atomic. Thread-safe: any method from any thread. Never blocks, allocates, throws or logs.
// Default-constructed, it is detached.
#pragma once

#include <atomic>

#include "weir/counter.h"

namespace weir {

class Gauge {
 public:
  Gauge() = default;
  void set(double value) noexcept { value_->store(value, std::memory_order_relaxed); }
  void add(double amount) noexcept { value_->fetch_add(amount, std::memory_order_relaxed); }
  void sub(double amount) noexcept { value_->fetch_sub(amount, std::memory_order_relaxed); }
  void inc() noexcept { add(1); }
  void dec() noexcept { sub(1); }

 private:
  friend class RegistryCore;
  explicit Gauge(std::atomic<double>* value) : value_(value) {}
  std::atomic<double>* value_ = &cells::detached_value;
};

}  // namespace weir
