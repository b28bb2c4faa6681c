#include "sidecar/registry/bucket_runs.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace weir::sidecar {
namespace {

// A run's chunk is found by its address: chunks begin at multiples of this. Longer runs have a
// chunk of their own.
constexpr std::size_t kChunkBytes = 32u << 10;

}  // namespace

// At the head of its memory; the runs follow. A free run's first word says where the next one is.
struct BucketRuns::Chunk {
  std::size_t all_at = 0;   // in Length::all
  std::size_t open_at = 0;  // in Length::open, if it has room
  std::size_t runs = 0;     // that it can hold
  std::size_t used = 0;
  std::size_t touched = 0;  // runs that were ever taken; those behind have no place in `free`
  std::uint64_t* free = nullptr;

  static constexpr std::size_t kHeadBytes = 64;  // a line of the cache
  [[nodiscard]] std::uint64_t* run(std::size_t i, std::size_t words) {
    return reinterpret_cast<std::uint64_t*>(reinterpret_cast<std::byte*>(this) + kHeadBytes) +
           i * words;
  }
  static Chunk* of(std::uint64_t* run) {
    return reinterpret_cast<Chunk*>(reinterpret_cast<std::uintptr_t>(run) / kChunkBytes *
                                    kChunkBytes);
  }
};

BucketRuns::~BucketRuns() {
  for (auto& [words, length] : lengths_) {
    for (Chunk* chunk : length.all) {
      std::free(chunk);
    }
  }
}

BucketRuns::Chunk* BucketRuns::add_chunk(Length& length, std::size_t words) {
  static_assert(sizeof(Chunk) <= Chunk::kHeadBytes);
  const std::size_t least = Chunk::kHeadBytes + words * sizeof(std::uint64_t);
  const std::size_t bytes = (least + kChunkBytes - 1) / kChunkBytes * kChunkBytes;
  void* const memory = std::aligned_alloc(kChunkBytes, bytes);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  auto* const chunk = new (memory) Chunk;
  // All runs begin in the first kChunkBytes, so that their chunk can be found.
  chunk->runs =
      bytes == kChunkBytes ? (bytes - Chunk::kHeadBytes) / (words * sizeof(std::uint64_t)) : 1;
  chunk->all_at = length.all.size();
  length.all.push_back(chunk);
  chunk->open_at = length.open.size();
  length.open.push_back(chunk);
  return chunk;
}

void BucketRuns::close(Length& length, Chunk* chunk) {
  length.open.back()->open_at = chunk->open_at;
  length.open[chunk->open_at] = length.open.back();
  length.open.pop_back();
}

std::span<std::uint64_t> BucketRuns::take(std::size_t words) {
  Length& length = lengths_[words];
  Chunk* const chunk = length.open.empty() ? add_chunk(length, words) : length.open.back();
  std::uint64_t* run = chunk->free;
  if (run != nullptr) {
    chunk->free = reinterpret_cast<std::uint64_t*>(*run);
  } else {
    run = chunk->run(chunk->touched++, words);
  }
  if (++chunk->used == chunk->runs) {
    close(length, chunk);
  }
  std::fill_n(run, words, 0);
  return {run, words};
}

void BucketRuns::give_back(std::span<std::uint64_t> run) {
  const auto at = lengths_.find(run.size());
  Length& length = at->second;
  Chunk* const chunk = Chunk::of(run.data());
  if (chunk->used-- == chunk->runs) {
    chunk->open_at = length.open.size();
    length.open.push_back(chunk);
  }
  run[0] = reinterpret_cast<std::uintptr_t>(chunk->free);
  chunk->free = run.data();
  if (chunk->used > 0) {
    return;
  }
  close(length, chunk);
  length.all.back()->all_at = chunk->all_at;
  length.all[chunk->all_at] = length.all.back();
  length.all.pop_back();
  std::free(chunk);
  if (length.all.empty()) {
    lengths_.erase(at);
  }
}

std::size_t BucketRuns::chunks() const {
  std::size_t chunks = 0;
  for (const auto& [words, length] : lengths_) {
    chunks += length.all.size();
  }
  return chunks;
}

std::size_t BucketRuns::words() const {
  std::size_t words = 0;
  for (const auto& [each, length] : lengths_) {
    for (const Chunk* chunk : length.all) {
      words += chunk->used * each;
    }
  }
  return words;
}

}  // namespace weir::sidecar
