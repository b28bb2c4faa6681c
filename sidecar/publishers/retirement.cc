#include "sidecar/publishers/retirement.h"

#include <algorithm>
#include <bit>

#include "sidecar/publishers/family_ids.h"
#include "sidecar/registry/labels.h"

namespace weir::sidecar {
namespace {

// Every label that the text has but the service's: an instance's constant labels are labels like
// others here.
LabelNames label_names_of(std::string_view text, const Instance& retired,
                          const InstanceFamily& like) {
  LabelNames names;
  for (auto& [name, value] : split_label_text(text)) {
    const bool declared = std::find(like.label_names->begin(), like.label_names->end(), name) !=
                          like.label_names->end();
    // The service's label is made anew from the service; it cannot have been declared.
    if (declared || !retired.service_label || value != retired.service) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

void add_exact(std::uint64_t& high_bits, double& low, double amount) {
  ExactSum sum;
  sum.add(std::bit_cast<double>(high_bits));
  sum.add(low);
  sum.add(amount);
  high_bits = std::bit_cast<std::uint64_t>(sum.value());
  low = sum.low();
}

}  // namespace

Retirement::Retired& Retirement::restore(const wire::InstanceId& id, const std::string& node,
                                         const std::string& service, bool service_label) {
  std::shared_ptr<Retired>& slot = all_[{node, service, service_label}];
  if (slot == nullptr) {
    slot = std::make_shared<Retired>();
    Instance& instance = slot->instance;
    instance.id = id;
    instance.node = node;
    instance.service = service;
    instance.service_label = service_label;
    instance.identified = true;
    instance.retired = true;
    instance.ended = true;
    instance.showing = false;
    instance.state = InstanceState::kExited;
  }
  return *slot;
}

Retirement::Retired* Retirement::find(const wire::InstanceId& id) {
  const auto at = std::find_if(all_.begin(), all_.end(),
                               [&](const auto& entry) { return entry.second->instance.id == id; });
  return at == all_.end() ? nullptr : at->second.get();
}

void Retirement::index(Retired& retired) {
  const Instance& instance = retired.instance;
  retired.low.resize(instance.targets.size());
  retired.ids.clear();
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    if (instance.series[id] != kNone) {
      retired.ids.insert(Retired::hash_of(instance.series[id]), id);
    }
  }
}

std::uint32_t Retirement::family_of(Instance& retired, const InstanceFamily& like,
                                    const std::shared_ptr<const BucketLayout>& bounds,
                                    std::uint32_t series) const {
  LabelNames names = label_names_of(registry_.labels_of(registry_.series(series)), retired, like);
  for (std::uint32_t id = 0; id < retired.families.size(); ++id) {
    const InstanceFamily& known = retired.families[id];
    const std::shared_ptr<const BucketLayout> its =
        known.bounds == kNone ? nullptr : retired.bounds[known.bounds].own;
    const bool same_bounds = (its == nullptr) == (bounds == nullptr) &&
                             (bounds == nullptr || its->bounds == bounds->bounds);
    if (known.family == like.family && *known.label_names == names && same_bounds) {
      return id;
    }
  }
  InstanceFamily& family = retired.families.emplace_back();
  family.family = like.family;
  family.label_names = std::make_shared<const LabelNames>(std::move(names));
  if (bounds != nullptr) {
    family.bounds = static_cast<std::uint32_t>(retired.bounds.size());
    retired.bounds.push_back({.own = bounds, .folded = {}, .fold = {}});
  }
  const auto id = static_cast<std::uint32_t>(retired.families.size() - 1);
  retired.unwritten.defined_family(id);
  return id;
}

std::uint32_t Retirement::id_of(Retired& retired, std::uint32_t family, std::uint32_t series,
                                TargetKind kind) {
  Instance& instance = retired.instance;
  const auto next = static_cast<std::uint32_t>(instance.targets.size());
  const std::uint32_t known = retired.find(series, [&](std::uint32_t id) {
    return instance.series_family[id] == family && instance.targets[id].kind() == kind;
  });
  if (known != kNone) {
    return known;
  }
  instance.series.push_back(series);
  instance.series_family.push_back(family);
  retired.ids.insert(Retired::hash_of(series), next);
  instance.applied.push_back(0);
  retired.low.push_back(0);
  instance.unwritten.grow(next + 1);
  instance.unwritten.defined_series(next);
  switch (kind) {
    case TargetKind::kCounter:
      instance.targets.emplace_back(kind, registry_.counter_of(series));
      break;
    case TargetKind::kDouble:
      instance.targets.emplace_back(kind, registry_.double_counter_of(series));
      break;
    default: {
      InstanceHistogram histogram;
      histogram.bounds = instance.families[family].bounds;
      const std::shared_ptr<const BucketLayout>& own = instance.bounds[histogram.bounds].own;
      histogram.value = registry_.histogram_of(series, own);
      histogram.applied = static_cast<std::uint32_t>(instance.applied_buckets.size());
      histogram.buckets = static_cast<std::uint32_t>(own->le.size());
      instance.applied_buckets.resize(instance.applied_buckets.size() + histogram.buckets);
      instance.histograms.push_back(histogram);
      instance.targets.emplace_back(TargetKind::kHistogram,
                                    static_cast<std::uint32_t>(instance.histograms.size() - 1));
    }
  }
  return next;
}

void Retirement::add(Retired& retired, std::uint32_t id, const Instance& ended,
                     std::uint32_t ended_id) {
  Instance& instance = retired.instance;
  const Target target = ended.targets[ended_id];
  if (target.kind() == TargetKind::kHistogram) {
    const InstanceHistogram& from = ended.histograms[target.index()];
    InstanceHistogram& to = instance.histograms[instance.targets[id].index()];
    for (std::uint32_t i = 0; i < from.buckets; ++i) {
      instance.applied_buckets[to.applied + i] += ended.applied_buckets[from.applied + i];
    }
    auto high = std::bit_cast<std::uint64_t>(to.applied_sum);
    add_exact(high, retired.low[id], from.applied_sum);
    to.applied_sum = std::bit_cast<double>(high);
  } else if (target.kind() == TargetKind::kDouble) {
    add_exact(instance.applied[id], retired.low[id],
              std::bit_cast<double>(ended.applied[ended_id]));
  } else {
    instance.applied[id] += ended.applied[ended_id];
  }
}

void Retirement::take(const Instance& ended) {
  Retired* retired = nullptr;
  const FamilyIds families(ended);
  for (std::uint32_t id = 0; id < ended.targets.size(); ++id) {
    const TargetKind kind = ended.targets[id].kind();
    const bool total = kind == TargetKind::kCounter || kind == TargetKind::kDouble ||
                       kind == TargetKind::kHistogram;
    if (!total || (kind != TargetKind::kHistogram && ended.applied[id] == 0)) {
      continue;
    }
    if (retired == nullptr) {
      retired =
          &restore(wire::InstanceId::random(), ended.node, ended.service, ended.service_label);
      retired->instance.state_since_unix_ms =
          std::max(retired->instance.state_since_unix_ms, ended.state_since_unix_ms);
      ++version_;
    }
    const std::uint32_t series = ended.series[id];
    const std::uint32_t like_id = families.of(id, registry_.series(series).family);
    if (like_id == kNone) {
      continue;
    }
    const std::shared_ptr<const BucketLayout> bounds =
        kind == TargetKind::kHistogram
            ? ended.bounds[ended.histograms[ended.targets[id].index()].bounds].own
            : nullptr;
    const std::uint32_t family =
        family_of(retired->instance, ended.families[like_id], bounds, series);
    add(*retired, id_of(*retired, family, series, kind), ended, id);
  }
}

void Retirement::restore_low(Retired& retired, std::uint32_t id, double low) {
  const Target target =
      id < retired.instance.targets.size() ? retired.instance.targets[id] : Target{};
  ExactSum* sum = nullptr;
  if (target.kind() == TargetKind::kDouble) {
    sum = &registry_.double_counters()[target.index()];
  } else if (target.kind() == TargetKind::kHistogram) {
    sum = &registry_.histograms()[retired.instance.histograms[target.index()].value].sum;
  }
  if (sum != nullptr) {
    sum->add(low - retired.low[id]);
    retired.low[id] = low;
  }
}

void Retirement::forget(std::uint32_t series) {
  const auto any = [](std::uint32_t) { return true; };
  for (auto& [key, retired] : all_) {
    for (std::uint32_t id = retired->find(series, any); id != kNone;
         id = retired->find(series, any)) {
      retired->ids.erase(Retired::hash_of(series), id);
      retired->instance.targets[id] = {};
      retired->instance.series[id] = kNone;
      ++version_;
    }
  }
  // Of whom nothing is left, the tables go.
  std::erase_if(all_, [](const auto& entry) {
    return entry.second->ids.size() == 0 && !entry.second->instance.targets.empty();
  });
}

}  // namespace weir::sidecar
