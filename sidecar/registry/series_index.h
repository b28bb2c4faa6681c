// Finds a series by its family and label text: an open hash table of indexes. The texts themselves
// stand elsewhere; whoever asks compares. Thread-compatible: the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::sidecar {

class SeriesIndex {
 public:
  static constexpr std::uint32_t kNothing = 0xffffffff;

  [[nodiscard]] static std::uint32_t hash_of(std::uint32_t family, std::string_view labels) {
    const std::uint64_t text = std::hash<std::string_view>{}(labels);
    return static_cast<std::uint32_t>(((text ^ family) * 0x9e3779b97f4a7c15ull) >> 32);
  }

  // The series of this hash for which `same` holds; kNothing if there is none.
  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint32_t hash, Same&& same) const {
    if (entries_.empty()) {
      return kNothing;
    }
    for (std::size_t at = home(hash); entries_[at].series != kNothing; at = after(at)) {
      if (entries_[at].hash == hash && same(entries_[at].series)) {
        return entries_[at].series;
      }
    }
    return kNothing;
  }

  // REQUIRES: it is not there.
  void insert(std::uint32_t hash, std::uint32_t series) {
    if ((count_ + 1) * 8 > entries_.size() * 7) {
      resize(entries_.size() + entries_.size() / 3 + 16);
    }
    place({series, hash});
    ++count_;
  }

  // REQUIRES: it is there.
  void erase(std::uint32_t hash, std::uint32_t series) {
    std::size_t hole = home(hash);
    while (entries_[hole].series != series) {
      hole = after(hole);
    }
    // What follows moves up, so that no search ends at the hole.
    for (std::size_t at = after(hole); entries_[at].series != kNothing; at = after(at)) {
      const std::size_t wanted = home(entries_[at].hash);
      const bool stays = hole <= at ? wanted > hole && wanted <= at : wanted > hole || wanted <= at;
      if (!stays) {
        entries_[hole] = entries_[at];
        hole = at;
      }
    }
    entries_[hole] = {};
    --count_;
    if (count_ * 3 < entries_.size() && entries_.size() > kShrinkFrom) {
      resize(count_ + count_ / 2 + 16);
    }
  }

 private:
  static constexpr std::size_t kShrinkFrom = 4096;
  struct Entry {
    std::uint32_t series = kNothing;
    std::uint32_t hash = 0;
  };

  // Spread over any size, not only powers of two: the table need not double to grow.
  [[nodiscard]] std::size_t home(std::uint32_t hash) const {
    return static_cast<std::size_t>((std::uint64_t{hash} * entries_.size()) >> 32);
  }
  [[nodiscard]] std::size_t after(std::size_t at) const {
    return at + 1 == entries_.size() ? 0 : at + 1;
  }
  void place(Entry entry) {
    std::size_t at = home(entry.hash);
    while (entries_[at].series != kNothing) {
      at = after(at);
    }
    entries_[at] = entry;
  }
  void resize(std::size_t size) {
    const std::vector<Entry> before = std::exchange(entries_, std::vector<Entry>(size));
    for (const Entry& entry : before) {
      if (entry.series != kNothing) {
        place(entry);
      }
    }
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace weir::sidecar
