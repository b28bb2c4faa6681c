// What was really counted, in a file that outlives whoever counts: the kernel keeps the pages of a
// process that is killed. One slot per counting thread; begun is ahead of done by one while an
// increment is made, so after a kill the truth lies between the two sums.
// Thread-compatible: each slot has one writer at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hammer {

struct alignas(64) Slot {
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> done{0};
};
static_assert(sizeof(Slot) == 64);

// The slots of a new file, mapped; none if it can not be made. Stays mapped until the process ends.
[[nodiscard]] std::span<Slot> map_truth(const std::string& path, std::size_t slots);

}  // namespace hammer
