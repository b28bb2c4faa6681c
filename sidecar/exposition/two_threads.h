// Two pieces of work at the same time, for those who wait for both.
#pragma once

#include <future>
#include <system_error>

namespace weir::sidecar {

// `second` in a thread of its own; in this one, when no more threads can be had. What either throws
// is thrown when both are done.
template <typename First, typename Second>
void on_two_threads(First&& first, Second&& second) {
  std::future<void> other;
  try {
    other = std::async(std::launch::async, second);
  } catch (const std::system_error&) {
    second();
  }
  first();
  if (other.valid()) {
    other.get();
  }
}

}  // namespace weir::sidecar
