// The way back from a series to the id that its publisher gave its family. Made for one pass over
// an instance. Thread-compatible.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "sidecar/publishers/instance.h"

namespace weir::sidecar {

class FamilyIds {
 public:
  explicit FamilyIds(const Instance& instance) : instance_(instance) {
    for (std::uint32_t id = 0; id < instance.families.size(); ++id) {
      ids_.try_emplace(instance.families[id].family, id);
    }
  }
  // kNone if there is none. `family`: the registry's index of it.
  [[nodiscard]] std::uint32_t of(std::uint32_t series_id, std::uint32_t family) const {
    if (!instance_.series_family.empty()) {
      return instance_.series_family[series_id];
    }
    const auto at = ids_.find(family);
    return at == ids_.end() ? kNone : at->second;
  }

 private:
  const Instance& instance_;
  std::unordered_map<std::uint32_t, std::uint32_t> ids_;
};

}  // namespace weir::sidecar
