// What a frame announces (families, series, removals) becomes the instance's table of targets; the
// reverse is publishers/showing.h. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.h"
#include "schemas/limits.h"
#include "schemas/refusal.h"
#include "sidecar/publishers/instance.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

struct DefinitionRules {
  wire::Limits limits;
  std::string service_label = "service_name";  // empty: left off
  bool reserved_names = false;                 // the sidecar's own metrics
  // From the state directory: ids may have holes, where definitions were refused.
  bool with_holes = false;
  // Of a dead publisher: its definitions say what there was, not that it is shown again.
  bool revives = true;
};

// A name of the sidecar's own metrics, which nobody else may take.
[[nodiscard]] bool is_own_metric_name(std::string_view name);

struct DefinitionResult {
  bool incomplete = false;  // a series of a family that was never announced: a keyframe is needed
  std::uint64_t refused_series = 0;
  std::uint64_t refused_for_room = 0;   // among them
  std::vector<wire::Refusal> refusals;  // of families: their series are not shown
};

// What can be said before anything is changed: a frame with a refusal changes nothing. `earlier`:
// families that earlier parts of the same keyframe announce, and that were not applied yet.
[[nodiscard]] wire::Refusal check_definitions(const wire::Frame& frame, const Instance& instance,
                                              const Registry& registry,
                                              const DefinitionRules& rules,
                                              std::span<const wire::FamilyView> earlier = {});

// REQUIRES: check_definitions() refused nothing.
DefinitionResult apply_definitions(const wire::Frame& frame, Instance& instance, Registry& registry,
                                   const DefinitionRules& rules, std::int64_t now_unix_ms);

}  // namespace weir::sidecar
