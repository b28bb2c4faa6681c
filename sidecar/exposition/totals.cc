#include "sidecar/exposition/totals.h"

#include <numeric>

#include "sidecar/ingest/definitions.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {
namespace {

std::uint64_t observations(const Instance& instance, std::uint32_t histogram) {
  const InstanceHistogram& local = instance.histograms[histogram];
  const auto first = instance.applied_buckets.begin() + local.applied;
  return std::accumulate(first, first + local.buckets, std::uint64_t{0});
}

void add_applied(const Instance& instance, const Registry& registry, FamilyTotals& totals) {
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    const Target target = instance.targets[id];
    const bool histogram = target.kind() == TargetKind::kHistogram;
    if (!histogram && target.kind() != TargetKind::kCounter) {
      continue;
    }
    const Family& family = registry.family(registry.series(instance.series[id]).family);
    totals[family.name] +=
        histogram ? observations(instance, target.index()) : instance.applied[id];
  }
}

}  // namespace

TotalsReport take_totals(const Registry& registry, const Directory& directory,
                         const Retirement& retirement) {
  TotalsReport report;
  directory.for_each([&](const Instance& instance) {
    if (!instance.identified) {
      return;  // nothing of it has been merged
    }
    InstanceTotals& totals = report.instances.emplace_back();
    totals.instance = instance.id.to_string();
    totals.node = instance.node;
    totals.service = instance.service;
    totals.state = instance.state;
    totals.seq = instance.last_seq;
    totals.increments_published = instance.increments_published;
    totals.increments_applied = instance.increments_applied;
    totals.increments_refused = instance.increments_refused;
    add_applied(instance, registry, totals.families);
  });
  retirement.for_each([&](const Retirement::Retired& retired) {
    add_applied(retired.instance, registry, report.retired);
  });
  registry.for_each_series([&](std::uint32_t index) {
    const Series& series = registry.series(index);
    const Family& family = registry.family(series.family);
    if (family.is_reading() || is_own_metric_name(family.name)) {
      return;
    }
    std::uint64_t& total = report.families[family.name];
    total += series.counter == kNone ? 0 : registry.counters()[series.counter];
    total += series.histogram == kNone ? 0 : registry.histograms()[series.histogram].count;
  });
  return report;
}

}  // namespace weir::sidecar
