// An array of values with stable indexes, some of which are free. It grows and shrinks by whole
// segments: nothing is ever moved, what was never used takes no memory, and a burst that has gone
// gives its memory back. Thread-compatible: the caller locks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace weir::sidecar {

template <typename T>
class Slots {
 public:
  static constexpr std::uint32_t kSegmentBits = 12;
  static constexpr std::uint32_t kSegmentSlots = 1u << kSegmentBits;

  Slots() = default;
  ~Slots() {
    for_each([](std::uint32_t, T& value) { value.~T(); });
  }
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // REQUIRES: the index was taken and not given back.
  [[nodiscard]] T& operator[](std::uint32_t index) {
    return values_[index >> kSegmentBits][index & (kSegmentSlots - 1)];
  }
  [[nodiscard]] const T& operator[](std::uint32_t index) const {
    return values_[index >> kSegmentBits][index & (kSegmentSlots - 1)];
  }

  // So many values from the index on, or null if they do not lie side by side.
  // REQUIRES: the index and those behind it were taken and not given back.
  [[nodiscard]] T* run(std::uint32_t index, std::uint32_t length) {
    return (index & (kSegmentSlots - 1)) + length <= kSegmentSlots ? &(*this)[index] : nullptr;
  }

  // The lowest free index, with a fresh value: so what lives long gathers in few segments.
  std::uint32_t take() {
    while (first_open_ < segments_.size() && segments_[first_open_].used == kSegmentSlots) {
      ++first_open_;
    }
    if (first_open_ == segments_.size()) {
      segments_.emplace_back();
      values_.push_back(nullptr);
    }
    Segment& segment = segments_[first_open_];
    if (values_[first_open_] == nullptr) {
      segment.memory.reset(new Uninitialised[kSegmentSlots]);
      values_[first_open_] = reinterpret_cast<T*>(segment.memory.get());
    }
    std::uint32_t word = segment.first_word;
    while (~segment.taken[word] == 0) {
      ++word;
    }
    segment.first_word = static_cast<std::uint8_t>(word);
    const auto bit = static_cast<std::uint32_t>(std::countr_one(segment.taken[word]));
    segment.taken[word] |= std::uint64_t{1} << bit;
    ++segment.used;
    ++used_;
    const std::uint32_t index = (first_open_ << kSegmentBits) | (word * 64 + bit);
    new (&(*this)[index]) T{};
    return index;
  }

  void give_back(std::uint32_t index) {
    (*this)[index].~T();
    const std::uint32_t at = index >> kSegmentBits;
    Segment& segment = segments_[at];
    const std::uint32_t word = (index & (kSegmentSlots - 1)) / 64;
    segment.taken[word] &= ~(std::uint64_t{1} << (index % 64));
    segment.first_word = std::min(segment.first_word, static_cast<std::uint8_t>(word));
    first_open_ = std::min(first_open_, at);
    --used_;
    if (--segment.used == 0) {
      segment.memory.reset();
      values_[at] = nullptr;
    }
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] bool holds(std::uint32_t index) const {
    const std::uint32_t at = index >> kSegmentBits;
    const std::uint32_t in = index & (kSegmentSlots - 1);
    return at < segments_.size() && ((segments_[at].taken[in / 64] >> (in % 64)) & 1) != 0;
  }

  // In the order of the indexes. `visit(index, value)` may give back the index that it is shown.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for_each(0, 1, visit);
  }
  // The same for one of `parts` parts, which together are all: 0, 1, ... up to it.
  template <typename Visit>
  void for_each(std::uint32_t part, std::uint32_t parts, Visit&& visit) {
    const std::size_t end = segments_.size() * (part + 1) / parts;
    for (auto at = static_cast<std::uint32_t>(segments_.size() * part / parts); at < end; ++at) {
      for (std::uint32_t word = 0; word < kWords && segments_[at].used > 0; ++word) {
        for (std::uint64_t bits = segments_[at].taken[word]; bits != 0; bits &= bits - 1) {
          const std::uint32_t index =
              (at << kSegmentBits) |
              (word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits)));
          visit(index, (*this)[index]);
        }
      }
    }
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for_each(0, 1, visit);
  }
  template <typename Visit>
  void for_each(std::uint32_t part, std::uint32_t parts, Visit&& visit) const {
    const_cast<Slots*>(this)->for_each(
        part, parts, [&](std::uint32_t index, const T& value) { visit(index, value); });
  }

 private:
  static constexpr std::uint32_t kWords = kSegmentSlots / 64;
  struct Uninitialised {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  struct Segment {
    std::unique_ptr<Uninitialised[]> memory;
    std::uint64_t taken[kWords] = {};
    std::uint32_t used = 0;
    std::uint8_t first_word = 0;  // no word before it has a free bit
  };

  std::vector<T*> values_;  // by segment: what a look-up reads, close together
  std::vector<Segment> segments_;
  std::uint32_t first_open_ = 0;  // no segment before it has a free slot
  std::size_t used_ = 0;
};

}  // namespace weir::sidecar
