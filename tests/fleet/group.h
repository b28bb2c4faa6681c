// One service of the fleet: a registry that its members share, and what was counted in it. A
// registry takes whole segments of the process's cells, so each member can not have one of its own;
// each of them states all of the group's totals, and the sidecar must show their sum.
// Single-threaded: only the thread of the fleet calls this.
#pragma once

#include <weir/weir.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace fleet {

class Group {
 public:
  explicit Group(std::string service);

  [[nodiscard]] const std::string& service() const { return service_; }
  [[nodiscard]] weir::Registry& registry() { return registry_; }

  // So many increments, spread over the counters by chance; one observation; another level.
  void count(std::uint64_t increments, std::mt19937_64& random);
  // What each member has to state.
  [[nodiscard]] nlohmann::json truth() const;

 private:
  static constexpr std::size_t kCounters = 20;

  const std::string service_;
  weir::Registry registry_;
  std::array<weir::Counter, kCounters> work_;
  weir::Gauge level_;
  weir::Histogram seconds_;

  std::array<std::uint64_t, kCounters> work_made_{};
  std::uint64_t observations_ = 0;
  std::uint64_t observed_sum_ = 0;
  std::uint64_t level_now_ = 0;
};

}  // namespace fleet
