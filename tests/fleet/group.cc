#include "tests/fleet/group.h"

#include <utility>

namespace fleet {

Group::Group(std::string service) : service_(std::move(service)) {
  auto work = registry_.counter_family(
      {.name = "fleet_work_total", .help = "Work done.", .labels = {"kind"}});
  for (std::size_t kind = 0; kind < kCounters; ++kind) {
    work_[kind] = work->with(std::to_string(kind));
  }
  level_ = *registry_.gauge({.name = "fleet_level_ratio", .help = "A level."});
  seconds_ = *registry_.histogram({.name = "fleet_took_seconds",
                                   .help = "Time taken.",
                                   .bounds = weir::exponential_bounds(1, 2, 8)});
}

void Group::count(std::uint64_t increments, std::mt19937_64& random) {
  // A few of the counters move at a time, as in life.
  constexpr std::uint64_t kPieces = 4;
  for (std::uint64_t piece = 0; piece < kPieces; ++piece) {
    const std::size_t kind = random() % kCounters;
    const std::uint64_t share =
        increments / kPieces + (piece == 0 ? increments % kPieces : std::uint64_t{0});
    work_[kind].inc(share);
    work_made_[kind] += share;
  }
  const std::uint64_t took = random() % 300;
  seconds_.observe(static_cast<double>(took));
  ++observations_;
  observed_sum_ += took;
  level_now_ = random() % 1000;
  level_.set(static_cast<double>(level_now_));
}

nlohmann::json Group::truth() const {
  return {{"work", work_made_},
          {"observations", observations_},
          {"observed_sum", observed_sum_},
          {"level", level_now_}};
}

}  // namespace fleet
