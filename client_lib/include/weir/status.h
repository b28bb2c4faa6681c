// Errors as values: a Status says ok or why not; a Result<T> is a T or a Status. The client never
// throws. Value types.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace weir {

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  // REQUIRES: `reason` is not empty. It names the thing and the reason, e.g. `metric name "9x":
  // begins with a digit`.
  static Status error(std::string reason) {
    Status status;
    status.reason_ = std::move(reason);
    return status;
  }

  [[nodiscard]] bool ok() const { return reason_.empty(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

// T is a metric handle or family: default-constructed it is detached, so using the value of a
// failed Result is safe (what is recorded there goes nowhere). Programs that must know check ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return status_.ok(); }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const std::string& reason() const { return status_.reason(); }

  T& operator*() { return value_; }
  const T& operator*() const { return value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_{};
  Status status_;
};

}  // namespace weir
