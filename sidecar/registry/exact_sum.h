// A running sum of doubles that does not drift: the pair (high, low) holds it to about 106 bits, so
// adding a total and taking back the one before it leaves no residue that a double could show,
// after any number of frames. Knuth's two-sum: The Art of Computer Programming, volume 2, 4.2.2,
// theorem B. Value type.
#pragma once

namespace weir::sidecar {

class ExactSum {
 public:
  // REQUIRES: `amount` is finite. A sum that overflows a double saturates to infinity, as the
  // exposed value would.
  void add(double amount) {
    const double sum = high_ + amount;
    const double of_amount = sum - high_;
    const double error = (high_ - (sum - of_amount)) + (amount - of_amount);
    const double low = low_ + error;
    high_ = sum + low;
    low_ = low - (high_ - sum);
  }

  [[nodiscard]] double value() const { return high_; }

 private:
  double high_ = 0;
  double low_ = 0;
};

}  // namespace weir::sidecar
