// A thread's memory of its last look-ups: label values to series, without a lock.
// Single-threaded: only the thread that owns the range calls this.
//
// An entry is good only while its family lives: it is keyed by the family's serial number, which is
// never used again, so entries of a destroyed registry never match.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir {

struct SeriesCore;

class SeriesCache {
 public:
  struct Entry {
    std::uint64_t family_serial = 0;  // 0: empty
    std::uint64_t hash = 0;
    SeriesCore* series = nullptr;
  };

  [[nodiscard]] Entry& entry(std::uint64_t hash) noexcept { return entries_[hash % kEntries]; }

 private:
  static constexpr std::size_t kEntries = 256;
  std::array<Entry, kEntries> entries_{};
};

}  // namespace weir
