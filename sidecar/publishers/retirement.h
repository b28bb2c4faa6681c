// The totals of instances whose tables are gone: one instance more per service, which never speaks.
// So what is stored, handed to a peer and restored is always an instance. Single-threaded: under
// the engine's lock.
//
// Doubles and histograms' sums are kept as pairs (value and what it lacks), since a sum that is
// rounded each time would one day be lower than what was shown.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sidecar/publishers/instance.h"
#include "sidecar/registry/index_table.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

class Retirement {
 public:
  struct Retired {
    Instance instance;
    std::vector<double> low;  // by local id: what the double total or the sum lacks
    IndexTable ids;           // local ids by their series

    // The local id of this series for which `same(id)` holds; kNone if there is none.
    template <typename Same>
    [[nodiscard]] std::uint32_t find(std::uint32_t series, Same&& same) const {
      return ids.find(hash_of(series),
                      [&](std::uint32_t id) { return instance.series[id] == series && same(id); });
    }
    [[nodiscard]] static std::uint32_t hash_of(std::uint32_t series) {
      return series * 0x9e3779b9u;
    }
  };

  explicit Retirement(Registry& registry) : registry_(registry) {}

  // Adds what it counted. Its tables may go then.
  void take(const Instance& ended);
  // The series is freed: what was counted in it is gone.
  void forget(std::uint32_t series);

  // From the state directory. `id`: as it was stated.
  Retired& restore(const wire::InstanceId& id, const std::string& node, const std::string& service,
                   bool service_label);
  [[nodiscard]] Retired* find(const wire::InstanceId& id);
  // After its definitions and totals were restored.
  static void index(Retired& retired);
  void restore_low(Retired& retired, std::uint32_t id, double low);

  template <typename Visit>
  void for_each(Visit&& visit) {
    for (auto& [key, retired] : all_) {
      visit(*retired);
    }
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, retired] : all_) {
      visit(static_cast<const Retired&>(*retired));
    }
  }
  [[nodiscard]] bool empty() const { return all_.empty(); }
  // One that goes meanwhile has nothing left.
  [[nodiscard]] std::vector<std::shared_ptr<Retired>> list() const {
    std::vector<std::shared_ptr<Retired>> all;
    for (const auto& [key, retired] : all_) {
      all.push_back(retired);
    }
    return all;
  }
  // All of them, in exchange for others; what they counted stays in the registry.
  using Key = std::tuple<std::string, std::string, bool>;  // node, service, service label
  using All = std::map<Key, std::shared_ptr<Retired>>;
  [[nodiscard]] All exchange(All others) {
    ++version_;
    return std::exchange(all_, std::move(others));
  }
  [[nodiscard]] std::uint64_t version() const { return version_; }  // moves with each change

 private:
  // `bounds`: those that a histogram of it counts in; null: it is none.
  std::uint32_t family_of(Instance& retired, const InstanceFamily& like,
                          const std::shared_ptr<const BucketLayout>& bounds,
                          std::uint32_t series) const;
  std::uint32_t id_of(Retired& retired, std::uint32_t family, std::uint32_t series,
                      TargetKind kind);
  void add(Retired& retired, std::uint32_t id, const Instance& ended, std::uint32_t ended_id);

  Registry& registry_;
  All all_;
  std::uint64_t version_ = 0;
};

}  // namespace weir::sidecar
