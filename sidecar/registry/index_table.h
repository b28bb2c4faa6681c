// Finds indexes by what stands elsewhere: an open hash table of eight bytes an entry, without keys.
// Whoever asks brings the hash, and compares. Thread-compatible: the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::sidecar {

class IndexTable {
 public:
  static constexpr std::uint32_t kNothing = 0xffffffff;

  // The index of this hash for which `same` holds; kNothing if there is none.
  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint32_t hash, Same&& same) const {
    if (entries_.empty()) {
      return kNothing;
    }
    for (std::size_t at = home(hash); entries_[at].index != kNothing; at = after(at)) {
      if (entries_[at].hash == hash && same(entries_[at].index)) {
        return entries_[at].index;
      }
    }
    return kNothing;
  }

  // REQUIRES: it is not there.
  void insert(std::uint32_t hash, std::uint32_t index) {
    if ((count_ + 1) * 8 > entries_.size() * 7) {
      resize(entries_.size() + entries_.size() / 3 + 16);
    }
    place({index, hash});
    ++count_;
  }

  // REQUIRES: it is there.
  void erase(std::uint32_t hash, std::uint32_t index) {
    std::size_t hole = home(hash);
    while (entries_[hole].index != index) {
      hole = after(hole);
    }
    // What follows moves up, so that no search ends at the hole.
    for (std::size_t at = after(hole); entries_[at].index != kNothing; at = after(at)) {
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

  [[nodiscard]] std::size_t size() const { return count_; }
  void clear() { *this = {}; }

 private:
  static constexpr std::size_t kShrinkFrom = 4096;
  struct Entry {
    std::uint32_t index = kNothing;
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
    while (entries_[at].index != kNothing) {
      at = after(at);
    }
    entries_[at] = entry;
  }
  void resize(std::size_t size) {
    const std::vector<Entry> before = std::exchange(entries_, std::vector<Entry>(size));
    for (const Entry& entry : before) {
      if (entry.index != kNothing) {
        place(entry);
      }
    }
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace weir::sidecar
