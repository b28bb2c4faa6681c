// Where the buckets of histograms lie: runs of words, those of one length one behind the other, so
// that whoever walks the histograms of a publisher walks memory. A run never moves; a chunk of
// which no run is left gives its memory back. Thread-compatible: the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace weir::sidecar {

class BucketRuns {
 public:
  BucketRuns() = default;
  ~BucketRuns();
  BucketRuns(const BucketRuns&) = delete;
  BucketRuns& operator=(const BucketRuns&) = delete;

  // So many zeros. REQUIRES: at least one.
  [[nodiscard]] std::span<std::uint64_t> take(std::size_t length);
  void give_back(std::span<std::uint64_t> run);

  [[nodiscard]] std::size_t chunks() const;  // of memory, now
  [[nodiscard]] std::size_t words() const;   // of all runs that are taken

 private:
  struct Chunk;
  // The chunks of one length. Those with room are found by their place in `open`.
  struct Length {
    std::vector<Chunk*> all;
    std::vector<Chunk*> open;
  };
  Chunk* add_chunk(Length& length, std::size_t words);
  static void close(Length& length, Chunk* chunk);

  std::map<std::size_t, Length> lengths_;
};

}  // namespace weir::sidecar
