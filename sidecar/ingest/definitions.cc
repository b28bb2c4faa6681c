#include "sidecar/ingest/definitions.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "schemas/mutant.h"
#include "sidecar/registry/labels.h"

namespace weir::sidecar {

bool is_own_metric_name(std::string_view name) {
  constexpr std::array<std::string_view, 3> kOwnPrefixes = {"weir_sidecar_", "weir_publisher_",
                                                            "weir_service_"};
  return name == "weir_build_info" ||
         std::any_of(kOwnPrefixes.begin(), kOwnPrefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

namespace {

using Families = std::span<const wire::FamilyView>;

std::ptrdiff_t label_count_in(Families families, std::uint32_t family_id) {
  const auto announced =
      std::find_if(families.begin(), families.end(),
                   [&](const wire::FamilyView& family) { return family.id == family_id; });
  return announced == families.end() ? -1
                                     : static_cast<std::ptrdiff_t>(announced->label_names.size());
}

// How many label values a series of this family has; -1 if the family is unknown.
std::ptrdiff_t label_count(const wire::Frame& frame, const Instance& instance,
                           std::uint32_t family_id, Families earlier = {}) {
  if (family_id < instance.families.size() &&
      (instance.families[family_id].family != kNone || instance.families[family_id].refused)) {
    return static_cast<std::ptrdiff_t>(instance.families[family_id].label_names->size());
  }
  const std::ptrdiff_t before = label_count_in(earlier, family_id);
  return before >= 0 ? before : label_count_in(frame.families, family_id);
}

// Within one instance a family is what it was first announced as: its samples lead there.
bool is_same(const wire::FamilyView& definition, const Instance& instance,
             const InstanceFamily& local, const Registry& registry) {
  const Family& family = registry.family(local.family);
  return family.name == definition.name && family.type == definition.type &&
         family.origin == definition.origin && family.unit == definition.unit &&
         std::equal(definition.label_names.begin(), definition.label_names.end(),
                    local.label_names->begin(), local.label_names->end()) &&
         (local.bounds == kNone ||
          std::ranges::equal(definition.bounds, instance.bounds[local.bounds].own->bounds));
}

std::shared_ptr<const LabelNames> label_names_of(const wire::FamilyView& definition) {
  return std::make_shared<const LabelNames>(definition.label_names.begin(),
                                            definition.label_names.end());
}

void announce_family(const wire::FamilyView& definition, Instance& instance, Registry& registry,
                     const DefinitionRules& rules, DefinitionResult& result) {
  if (definition.id > instance.families.size() && !rules.with_holes) {
    result.incomplete = true;  // see announce_series()
    return;
  }
  if (definition.id >= instance.families.size()) {
    instance.families.resize(definition.id + 1);
  }
  InstanceFamily& local = instance.families[definition.id];
  if (local.family != kNone) {
    return;
  }
  local.label_names = label_names_of(definition);
  local.refused = true;
  const auto refuse = [&](wire::Reason reason, std::string why) {
    result.refusals.push_back({reason, std::move(why)});
  };
  if (!rules.reserved_names && is_own_metric_name(definition.name)) {
    refuse(wire::Reason::kReserved,
           "family " + std::string(definition.name) + ": the name belongs to the sidecar itself");
    return;
  }
  if (definition.type == wire::Type::kNativeHistogram) {
    refuse(wire::Reason::kConflict, "family " + std::string(definition.name) +
                                        ": this sidecar does not aggregate native histograms");
    return;
  }
  if (std::string why = registry.why_name_taken(definition); !why.empty()) {
    refuse(wire::Reason::kConflict, std::move(why));
    return;
  }
  const std::uint32_t index =
      registry.define_family(definition, instance.contributor.started_unix_ms);
  // Its series are found by their family: what each id says of labels and bounds must be one. Of
  // the retired each series knows its id.
  const auto twin = std::ranges::find(instance.families, index, &InstanceFamily::family);
  if (twin != instance.families.end() && !instance.retired) {
    refuse(wire::Reason::kConflict, "family " + std::string(definition.name) +
                                        ": announced under two ids, " +
                                        std::to_string(twin - instance.families.begin()) + " and " +
                                        std::to_string(definition.id));
    return;
  }
  local.refused = false;
  local.family = index;
  instance.unwritten.defined_family(definition.id);
  Family& family = registry.family(local.family);
  family.publishers += instance.showing ? 1u : 0u;
  if (family.group.empty() && !instance.service_label) {
    family.group = instance.service;  // ?collect[]= must find what has no service label
  }
  if (family.label_names == nullptr || *family.label_names != *local.label_names) {
    family.label_names = local.label_names;
  }
  local.label_names = family.label_names;
  if (definition.type == wire::Type::kHistogram) {
    local.bounds = static_cast<std::uint32_t>(instance.bounds.size());
    instance.bounds.push_back({.own = make_layout(definition.bounds), .folded = {}, .fold = {}});
  }
  if (std::string why = registry.why_not_shown(local.family); !why.empty()) {
    // Still merged, so that nothing is lost if this definition is the one that stays; not shown
    // meanwhile.
    result.refusals.push_back({wire::Reason::kConflict, std::move(why)});
  } else if (std::string hides = registry.whom_it_hides(local.family); !hides.empty()) {
    result.refusals.push_back({wire::Reason::kConflict, std::move(hides)});
  }
}

std::string label_text(const Instance& instance, const InstanceFamily& local, const Family& family,
                       std::span<const std::string_view> values, const DefinitionRules& rules) {
  LabelList labels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    labels.emplace_back((*local.label_names)[i], values[i]);
  }
  for (const auto& [name, value] : instance.constant_labels) {
    labels.emplace_back(name, value);  // after the declared ones, which win
  }
  if (instance.service_label && !rules.service_label.empty()) {
    labels.emplace_back(rules.service_label, instance.service);
  }
  std::string id;
  if (family.aggregation == wire::Aggregation::kPerInstance && family.is_reading()) {
    id = instance.id.to_string();
    labels.emplace_back("weir_instance", id);
  }
  return canonical_label_text(labels);
}

// A new instance of the service states this gauge: what its predecessor's exit left held has had
// its time.
void release_held(std::uint32_t series, Registry& registry) {
  std::uint32_t reading = registry.series(series).readings;
  while (reading != kNone) {
    const std::uint32_t next = registry.readings()[reading].next;
    if (registry.readings()[reading].held_until_unix_ms != 0) {
      registry.remove_reading(reading);
    }
    reading = next;
  }
}

Target make_target(std::uint32_t series, std::uint32_t local_family, Instance& instance,
                   Registry& registry) {
  const InstanceFamily& local = instance.families[local_family];
  const Family& family = registry.family(local.family);
  if (family.is_reading()) {
    release_held(series, registry);
    return {TargetKind::kReading, registry.add_reading(series, &instance.contributor)};
  }
  if (family.type == wire::Type::kCounter) {
    return {TargetKind::kCounter, registry.counter_of(series)};
  }
  std::shared_ptr<const BucketLayout>& own = instance.bounds[local.bounds].own;
  auto layout = registry.declare_bounds(local.family, registry.service_of(registry.series(series)),
                                        own->bounds, instance.contributor.started_unix_ms);
  if (layout->bounds == own->bounds) {
    own = layout;  // thousands of publishers share one
  }
  InstanceHistogram histogram;
  histogram.value = registry.histogram_of(series, std::move(layout));
  histogram.bounds = local.bounds;
  histogram.applied = static_cast<std::uint32_t>(instance.applied_buckets.size());
  histogram.buckets = static_cast<std::uint32_t>(own->le.size());
  instance.applied_buckets.resize(instance.applied_buckets.size() + histogram.buckets);
  instance.histograms.push_back(histogram);
  return {TargetKind::kHistogram, static_cast<std::uint32_t>(instance.histograms.size() - 1)};
}

void set_hidden(Instance& instance, std::uint32_t id, bool hidden, Registry& registry,
                std::int64_t now_unix_ms) {
  Target& target = instance.targets[id];
  if (!target.is_announced() || target.hidden() == hidden) {
    return;
  }
  target.set_hidden(hidden);
  instance.unwritten.defined_series(id);
  if (hidden && mutant::lacks(mutant::Rule::kRemovedKeepsItsId)) {
    instance.applied[id] = 0;
  }
  if (target.kind() == TargetKind::kReading) {
    registry.readings()[target.index()].hidden = hidden;
  }
  if (!instance.showing) {
    return;
  }
  if (hidden) {
    registry.unshow(instance.series[id], now_unix_ms, true);
  } else {
    registry.show(instance.series[id]);
  }
}

void announce_series(std::uint32_t id, std::uint32_t family_id, std::int64_t started_unix_ms,
                     std::span<const std::string_view> values, Instance& instance,
                     Registry& registry, const DefinitionRules& rules, DefinitionResult& result,
                     std::int64_t now_unix_ms) {
  // Ids are dense. A hole means that a frame was lost, and a keyframe will fill it; to make room
  // for whatever id a frame names would let a small frame take much memory.
  if (id > instance.targets.size() && !rules.with_holes) {
    result.incomplete = true;
    return;
  }
  if (id >= instance.targets.size()) {
    instance.targets.resize(id + 1);
    instance.applied.resize(id + 1);
    instance.series.resize(id + 1, kNone);
    instance.unwritten.grow(id + 1);
  }
  if (instance.targets[id].is_announced()) {
    if (rules.revives) {
      set_hidden(instance, id, false, registry, now_unix_ms);
    }
    return;
  }
  const InstanceFamily& local = instance.families[family_id];
  const bool too_late =
      instance.ended && local.family != kNone && registry.family(local.family).is_reading();
  if (local.refused || too_late) {
    instance.targets[id] = Target(TargetKind::kRefused, 0);
    ++result.refused_series;
    return;
  }
  const std::string text =
      label_text(instance, local, registry.family(local.family), values, rules);
  const std::uint32_t series = registry.define_series(
      local.family, text, instance.service_label ? instance.service : "", started_unix_ms);
  if (series == kNone) {
    instance.targets[id] = Target(TargetKind::kRefused, 0);
    if (result.refused_for_room++ == 0) {
      result.refusals.push_back(
          {wire::Reason::kLimitExceeded, "the sidecar holds as many series as its limits allow"});
    }
    ++result.refused_series;
    return;
  }
  instance.series[id] = series;
  instance.applied[id] = 0;  // what was refused of it before
  instance.unwritten.defined_series(id);
  instance.targets[id] = make_target(series, family_id, instance, registry);
  if (instance.retired) {
    instance.series_family.resize(instance.targets.size(), kNone);
    instance.series_family[id] = family_id;
  } else {
    registry.reference(series);  // the retired let go of a series when it is freed
  }
  registry.show(series);
  if (!instance.showing) {
    registry.unshow(series, now_unix_ms, false);  // what an ended one still counted is seen, too
  }
  ++instance.series_count;
}

}  // namespace

wire::Refusal check_definitions(const wire::Frame& frame, const Instance& instance,
                                const Registry& registry, const DefinitionRules& rules,
                                std::span<const wire::FamilyView> earlier) {
  const std::size_t constant = instance.constant_labels.size();
  for (const wire::FamilyView& family : frame.families) {
    if (family.label_names.size() + constant > rules.limits.labels_per_series_max) {
      return {wire::Reason::kLimitExceeded,
              "family " + std::string(family.name) + ": " +
                  std::to_string(family.label_names.size() + constant) + " labels, the limit is " +
                  std::to_string(rules.limits.labels_per_series_max)};
    }
    if (!rules.reserved_names && std::find(family.label_names.begin(), family.label_names.end(),
                                           rules.service_label) != family.label_names.end()) {
      return {wire::Reason::kReserved, "family " + std::string(family.name) + ": label \"" +
                                           rules.service_label + "\" is added by Weir itself"};
    }
    if (family.id < instance.families.size() && instance.families[family.id].family != kNone &&
        !is_same(family, instance, instance.families[family.id], registry)) {
      return {wire::Reason::kConflict,
              "family " + std::string(family.name) +
                  ": announced again with another definition, or under an id that belongs to "
                  "another family"};
    }
  }
  std::size_t values = 0;
  for (std::size_t i = 0; i < frame.series_ids.size(); ++i) {
    const std::ptrdiff_t labels = label_count(frame, instance, frame.series_families[i], earlier);
    if (labels < 0) {
      return {};  // its family was in a lost frame; apply_definitions() stops there too
    }
    values += static_cast<std::size_t>(labels);
  }
  if (values != frame.series_label_values.size()) {
    return {wire::Reason::kBadLabels, "the series need " + std::to_string(values) +
                                          " label values, the frame holds " +
                                          std::to_string(frame.series_label_values.size())};
  }
  return {};
}

DefinitionResult apply_definitions(const wire::Frame& frame, Instance& instance, Registry& registry,
                                   const DefinitionRules& rules, std::int64_t now_unix_ms) {
  DefinitionResult result;
  for (const wire::FamilyView& family : frame.families) {
    announce_family(family, instance, registry, rules, result);
  }
  const std::span<const std::string_view> values(frame.series_label_values);
  std::size_t used = 0;
  for (std::size_t i = 0; i < frame.series_ids.size(); ++i) {
    const std::ptrdiff_t labels = label_count(frame, instance, frame.series_families[i]);
    if (labels < 0 || frame.series_families[i] >= instance.families.size() ||
        used + static_cast<std::size_t>(labels) > values.size()) {
      result.incomplete = true;
      break;
    }
    const auto count = static_cast<std::size_t>(labels);
    announce_series(frame.series_ids[i], frame.series_families[i], frame.series_started_unix_ms[i],
                    values.subspan(used, count), instance, registry, rules, result, now_unix_ms);
    used += count;
  }
  for (const std::uint32_t id : frame.removals) {
    if (id < instance.targets.size()) {
      set_hidden(instance, id, true, registry, now_unix_ms);
    }
  }
  return result;
}

}  // namespace weir::sidecar
