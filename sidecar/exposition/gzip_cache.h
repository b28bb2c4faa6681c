// Compressed pages, of which the parts that did not change are compressed once. A page is one gzip
// member (RFC 1952): parts of some kilobytes, each deflated by itself and ended with a full flush
// (RFC 1951, an empty stored block), so that any parts make one stream in any order. What a part is
// made of is known by a digest before it is rendered.
// Thread-safe: those that ask at the same time share the work: one compresses, the others find it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sidecar/exposition/page.h"

namespace weir::sidecar {

class GzipCache {
 public:
  // `all`: it has every series, so its parts are kept, and all others are forgotten. What a filter
  // leaves finds parts, but keeps none: filters may come without end.
  [[nodiscard]] std::unique_ptr<Page> page(const Snapshot& snapshot, Format format,
                                           const RenderRules& rules, bool all);

  struct Part {
    std::string deflated;
    std::uint32_t crc = 0;
    std::uint64_t text_bytes = 0;
  };
  using Parts = std::vector<std::shared_ptr<const Part>>;

  struct Counts {
    std::uint64_t reused = 0;
    std::uint64_t compressed = 0;
    std::uint64_t kept = 0;  // now
  };
  [[nodiscard]] Counts counts() const {
    const std::lock_guard lock(mutex_);
    Counts counts = counts_;
    counts.kept = parts_.size();
    return counts;
  }

 private:
  class Making;

  struct Kept {
    std::shared_ptr<const Part> part;
    std::uint64_t page = 0;  // the last one that had it
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Kept> parts_;  // by digest
  std::uint64_t pages_ = 0;
  Counts counts_;
};

// A text as one gzip member.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace weir::sidecar
