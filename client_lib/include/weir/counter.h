// Counters: totals that only go up. Handles are small values; copy them freely.
// Thread-safe: any method from any thread. Recording never blocks, allocates, throws or logs; the
// first record of a thread maps its cells. A handle must not be used after its Registry is gone.
// Default-constructed, it is detached.
#pragma once

#include <atomic>
#include <cstdint>

#include "weir/cells.h"

namespace weir {

// Counts things: an integer, exact to 2^64.
class Counter {
 public:
  Counter() = default;
  void inc() noexcept { inc(1); }
  void inc(std::uint64_t n) noexcept { cells::add(cells::range()[cell_], n); }

 private:
  friend class RegistryCore;
  explicit Counter(std::uint32_t cell) : cell_(cell) {}
  std::uint32_t cell_ = cells::kScratch;
};

// Adds up a quantity: seconds, joules, bytes that come as doubles.
class DoubleCounter {
 public:
  DoubleCounter() = default;
  // Negative, NaN and infinite amounts are ignored: a counter never goes down.
  void inc(double amount) noexcept {
    if (amount >= 0 && amount <= 1.7976931348623157e308) [[likely]] {
      cells::add_double(cells::range()[cell_], amount);
    }
  }

 private:
  friend class RegistryCore;
  explicit DoubleCounter(std::uint32_t cell) : cell_(cell) {}
  std::uint32_t cell_ = cells::kScratch;
};

namespace cells {
extern WEIR_API std::atomic<std::uint64_t> detached_total;
extern WEIR_API std::atomic<double> detached_value;
}  // namespace cells

// A total that someone else keeps (the kernel, a device): stated, not counted. It may start
// anywhere and may go down; the sidecar shows the most recently started publisher's reading and
// adds nothing up. Not shown before its first set(), nor after remove() until it is set again.
class ExternalCounter {
 public:
  ExternalCounter() = default;
  void set(std::uint64_t total) noexcept { value_->store(total, std::memory_order_relaxed); }

 private:
  friend class RegistryCore;
  explicit ExternalCounter(std::atomic<std::uint64_t>* value) : value_(value) {}
  std::atomic<std::uint64_t>* value_ = &cells::detached_total;
};

class ExternalDoubleCounter {
 public:
  ExternalDoubleCounter() = default;
  void set(double total) noexcept { value_->store(total, std::memory_order_relaxed); }

 private:
  friend class RegistryCore;
  explicit ExternalDoubleCounter(std::atomic<double>* value) : value_(value) {}
  std::atomic<double>* value_ = &cells::detached_value;
};

}  // namespace weir
