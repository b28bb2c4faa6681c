// Random numbers of a run: the same on every machine and with every standard library, so that a
// seed names one run. SplitMix64: Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
// Generators", 2014. Value type.
#pragma once

#include <cstdint>

namespace weir::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // 0 .. bound - 1. The bias is below 2^-32 for the bounds used here. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace weir::simulation
