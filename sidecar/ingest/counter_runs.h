// Samples whose local ids follow each other, as do the indexes of their counters, are a run: what a
// publisher announced together mostly is one. Those of a run are merged together, without a branch
// or a look-up for each. Pure functions; who calls them says for which processor they are compiled
// (gnu::flatten).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sidecar/registry/target.h"

namespace weir::sidecar {

constexpr std::size_t kRunMax = 32;

// Numbers that are worked on together: one register where the processor has AVX2, else two.
template <typename Number>
using Lanes [[gnu::vector_size(32)]] = Number;
using Ids = Lanes<std::uint32_t>;
using Totals = Lanes<std::uint64_t>;
constexpr std::size_t kIdLanes = sizeof(Ids) / sizeof(std::uint32_t);
constexpr std::size_t kTotalLanes = sizeof(Totals) / sizeof(std::uint64_t);

template <typename Numbers, typename From>
void load(Numbers& numbers, const From* from) {
  std::memcpy(&numbers, from, sizeof numbers);
}
inline void store(const Totals& totals, std::uint64_t* to) {
  std::memcpy(to, &totals, sizeof totals);
}

// How many of the samples are a run. REQUIRES: at least one of each, and not more than `size`.
inline std::size_t run_length(const std::uint32_t* ids, const Target* targets, std::size_t size) {
  Ids behind = {0, 1, 2, 3, 4, 5, 6, 7};
  std::size_t length = 0;
  for (; length + kIdLanes <= size; length += kIdLanes) {
    Ids id;
    Ids target;
    load(id, ids + length);
    load(target, targets + length);
    const Ids odd = (id - ids[0] - behind) | (target - targets[0].bits() - behind);
    Totals any;
    load(any, &odd);
    if ((any[0] | any[1] | any[2] | any[3]) != 0) {
      break;
    }
    behind += kIdLanes;
  }
  while (length < size && ids[length] - ids[0] == length &&
         targets[length].bits() - targets[0].bits() == length) {
    ++length;
  }
  return length;
}

// All or none. False, and nothing changed, if one of them wants a look of its own: its total may be
// below the one before it, or its counter may wrap.
inline bool add_run(const std::uint64_t* totals, std::uint64_t* applied, std::uint64_t* counters,
                    std::size_t length, std::uint64_t& increments) {
  Totals total;
  Totals before;
  Totals counter;
  Totals added_by_lane = {};
  Totals bits_by_lane = {};
  const std::size_t whole = length / kTotalLanes * kTotalLanes;
  for (std::size_t k = 0; k < whole; k += kTotalLanes) {
    load(total, totals + k);
    load(before, applied + k);
    load(counter, counters + k);
    const Totals more = total - before;
    bits_by_lane |= total | before | counter | more;
    added_by_lane += more;
    store(counter + more, counters + k);
  }
  std::uint64_t added = added_by_lane[0] + added_by_lane[1] + added_by_lane[2] + added_by_lane[3];
  std::uint64_t bits = bits_by_lane[0] | bits_by_lane[1] | bits_by_lane[2] | bits_by_lane[3];
  for (std::size_t k = whole; k < length; ++k) {
    const std::uint64_t more = totals[k] - applied[k];
    bits |= totals[k] | applied[k] | counters[k] | more;
    added += more;
    counters[k] += more;
  }
  // Without the highest bit in any of them, no difference was negative and no sum wrapped.
  if ((bits >> 63) != 0) [[unlikely]] {
    for (std::size_t k = 0; k < length; ++k) {
      counters[k] -= totals[k] - applied[k];
    }
    return false;
  }
  for (std::size_t k = 0; k < whole; k += kTotalLanes) {
    load(total, totals + k);
    store(total, applied + k);
  }
  for (std::size_t k = whole; k < length; ++k) {
    applied[k] = totals[k];
  }
  increments += added;
  return true;
}

}  // namespace weir::sidecar
