// A running sum of doubles that does not drift: the pair (high, low) holds it to about 106 bits, so
// adding a total and taking back the one before it leaves no residue that a double could show,
// after any number of frames. Knuth's two-sum: The Art of Computer Programming, volume 2, 4.2.2,
// theorem B. Value type.
#pragma once

#include <cmath>

namespace weir::sidecar {

class ExactSum {
 public:
  // REQUIRES: `amount` is finite. A sum that leaves the range of a double stays broken: ask
  // is_finite() of a copy before it is kept.
  void add(double amount) { add(amount, 0); }

  // What had been added as `before` is `after` now: the same as add(-before), add(after), in half
  // the steps. REQUIRES: both are finite.
  void replace(double before, double after) {
    const double change = after - before;
    const double of_before = change - after;
    add(change, (after - (change - of_before)) - (before + of_before));
  }

  void subtract(const ExactSum& other) {
    add(-other.high_);
    add(-other.low_);
  }

  [[nodiscard]] double value() const { return high_; }
  [[nodiscard]] double low() const { return low_; }  // what value() lacks
  // What is lost below a sum that has left the range leaves it, too.
  [[nodiscard]] bool is_finite() const { return std::isfinite(high_); }

 private:
  // `amount + more`, of which `more` is below the last bit of `amount`.
  void add(double amount, double more) {
    const double sum = high_ + amount;
    const double of_amount = sum - high_;
    const double error = (high_ - (sum - of_amount)) + (amount - of_amount);
    const double low = low_ + (error + more);
    high_ = sum + low;
    low_ = low - (high_ - sum);
  }

  double high_ = 0;
  double low_ = 0;
};

}  // namespace weir::sidecar
