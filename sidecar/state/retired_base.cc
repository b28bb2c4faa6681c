#include "sidecar/state/retired_base.h"

#include <bit>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "sidecar/state/restore.h"

namespace weir::sidecar {

void write_base(Bytes& out, const Directory& directory, Retirement& retirement,
                StatementWriter& writer) {
  Bytes content;
  directory.for_each_remembered([&](const wire::InstanceId& id, Directory::Memory memory,
                                    std::int64_t unix_ms) {
    ByteWriter(content).number(RememberedEntry{id, unix_ms, static_cast<std::uint64_t>(memory)});
  });
  append_record(out, RecordKind::kRemembered, content);
  retirement.for_each([&](const Retirement::Retired& retired) {
    writer.all_definitions(retired.instance, out);
    (void)writer.retired_totals(retired, 0, SIZE_MAX, out);
  });
}

bool BaseTakeover::read(std::span<const std::uint8_t> records) {
  RecordReader reader(records);
  Record record;
  while (reader.next(record)) {
    ByteReader content(record.content);
    if (record.kind == RecordKind::kRemembered) {
      while (!content.rest().empty()) {
        const auto entry = content.number<RememberedEntry>();
        if (content.ok() && (entry.memory == 1 || entry.memory == 2)) {
          remembered_.push_back(entry);
        }
      }
    } else if (record.kind == RecordKind::kStatement &&
               content.number<StatementHead>().retired != 0) {
      statements_.push_back(record);
    } else {
      why_ = "a base holds something else";
      return false;
    }
  }
  why_ = reader.why_stopped();
  return why_.empty();
}

void BaseTakeover::remember_sums(const Instance& instance) {
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    const TargetKind kind = instance.targets[id].kind();
    if (kind != TargetKind::kCounter && kind != TargetKind::kDouble &&
        kind != TargetKind::kHistogram) {
      continue;
    }
    const auto [at, fresh] = before_.try_emplace(instance.series[id]);
    if (!fresh) {
      continue;
    }
    const Series& series = registry_.series(instance.series[id]);
    if (series.counter != kNone) {
      at->second.counter = registry_.counters()[series.counter];
    }
    if (series.double_counter != kNone) {
      at->second.doubles = registry_.double_counters()[series.double_counter];
    }
    if (series.histogram != kNone) {
      at->second.histogram = registry_.copy_histogram(series.histogram);
    }
  }
}

// Buckets may wrap meanwhile: where bounds changed, an observation can lie in another one than the
// fold of today leads to. is_lower() finds what is left of it.
void BaseTakeover::subtract(const Instance& instance, const std::vector<double>& low) {
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    const Target target = instance.targets[id];
    const double lacking = id < low.size() ? low[id] : 0;
    if (target.kind() == TargetKind::kCounter) {
      registry_.counters()[target.index()] -= instance.applied[id];
    } else if (target.kind() == TargetKind::kDouble) {
      ExactSum& sum = registry_.double_counters()[target.index()];
      sum.add(-std::bit_cast<double>(instance.applied[id]));
      sum.add(-lacking);
    } else if (target.kind() == TargetKind::kHistogram) {
      const InstanceHistogram& local = instance.histograms[target.index()];
      HistogramValue& value = registry_.histograms()[local.value];
      const std::vector<std::uint16_t> fold =
          fold_map(*instance.bounds[local.bounds].own, *value.layout);
      for (std::uint32_t i = 0; i < local.buckets; ++i) {
        const std::uint64_t applied = instance.applied_buckets[local.applied + i];
        value.buckets[fold[i]] -= applied;
        value.count -= applied;
      }
      value.sum.add(-local.applied_sum);
      value.sum.add(-lacking);
    }
  }
}

void BaseTakeover::add_base(std::int64_t now_unix_ms) {
  for (const Record& record : statements_) {
    if (std::string refused = restorer_.take(record, now_unix_ms); !refused.empty()) {
      why_ = std::move(refused);  // what it lacks then, is_lower() finds
    }
  }
  retirement_.for_each([](Retirement::Retired& retired) { Retirement::index(retired); });
}

// A sum in another order can come out lower by a rounding, which a scraper would read as a reset.
bool BaseTakeover::raise(ExactSum& sum, const ExactSum& before, std::uint32_t series,
                         TargetKind kind) {
  const double lacks = before.value() - sum.value();
  constexpr double kRounding = 1e-9;
  if (lacks > kRounding * std::abs(before.value())) {
    return false;
  }
  bool raised = false;
  retirement_.for_each([&](Retirement::Retired& retired) {
    const std::uint32_t id = retired.find(
        series, [&](std::uint32_t of) { return retired.instance.targets[of].kind() == kind; });
    if (!raised && id != kNone) {
      retirement_.restore_low(retired, id, retired.low[id] + lacks);
      raised = true;
    }
  });
  return raised && sum.value() >= before.value();
}

bool BaseTakeover::is_lower() {
  bool refused = !why_.empty();
  retirement_.for_each([&](const Retirement::Retired& retired) {
    for (const Target target : retired.instance.targets) {
      refused |= target.kind() == TargetKind::kRefused;
    }
  });
  if (refused) {
    why_ = "not all of it can be held here" + (why_.empty() ? "" : ": " + why_);
    return true;
  }
  for (const auto& [index, before] : before_) {
    const Series& series = registry_.series(index);
    bool lower = false;
    if (series.counter != kNone) {
      lower |= registry_.counters()[series.counter] < before.counter;
    }
    if (series.double_counter != kNone) {
      ExactSum& sum = registry_.double_counters()[series.double_counter];
      lower |= sum.value() < before.doubles.value() &&
               !raise(sum, before.doubles, index, TargetKind::kDouble);
    }
    if (series.histogram != kNone && before.histogram.layout != nullptr) {
      HistogramValue& value = registry_.histograms()[series.histogram];
      const std::vector<std::uint16_t> fold = fold_map(*before.histogram.layout, *value.layout);
      std::vector<std::uint64_t> folded(value.buckets.size());
      for (std::size_t i = 0; i < fold.size(); ++i) {
        folded[fold[i]] += before.histogram.buckets[i];
      }
      std::uint64_t now_below = 0, before_below = 0;
      for (std::size_t i = 0; i < folded.size(); ++i) {
        now_below += value.buckets[i];
        before_below += folded[i];
        lower |= now_below < before_below || value.buckets[i] > UINT64_MAX / 2;
      }
      lower |= value.count == before.histogram.count &&
               value.sum.value() < before.histogram.sum.value() &&
               !raise(value.sum, before.histogram.sum, index, TargetKind::kHistogram);
    }
    if (lower) {
      why_ = "the counter " + registry_.family(series.family).name + "{" +
             registry_.labels_of(series) + "} would go down";
      return true;
    }
  }
  return false;
}

void BaseTakeover::undo(Retirement::All own) {
  const Retirement::All theirs = retirement_.exchange(std::move(own));
  for (const auto& [key, retired] : theirs) {
    subtract(retired->instance, retired->low);
  }
  for (const auto& [index, before] : before_) {
    const Series& series = registry_.series(index);
    if (series.counter != kNone) {
      registry_.counters()[series.counter] = before.counter;
    }
    if (series.double_counter != kNone) {
      registry_.double_counters()[series.double_counter] = before.doubles;
    }
    if (series.histogram != kNone && before.histogram.layout != nullptr) {
      registry_.restore_histogram(series.histogram, before.histogram);
    }
  }
}

void BaseTakeover::drop_collapsed(std::int64_t now_unix_ms) {
  for (const RememberedEntry& entry : remembered_) {
    directory_.collapsed_elsewhere(entry.id, static_cast<Directory::Memory>(entry.memory),
                                   std::min(entry.unix_ms, now_unix_ms), now_unix_ms);
  }
}

BaseOutcome BaseTakeover::take(std::span<const std::uint8_t> records, std::int64_t now_unix_ms) {
  if (!read(records)) {
    return BaseOutcome::kDamaged;
  }
  std::unordered_set<wire::InstanceId> theirs;
  for (const RememberedEntry& entry : remembered_) {
    theirs.insert(entry.id);
  }
  std::size_t mine = 0;
  bool superset = true;
  directory_.for_each_remembered([&](const wire::InstanceId& id, auto&&...) {
    ++mine;
    superset &= theirs.contains(id);
  });
  if (!superset) {
    return BaseOutcome::kLacksOfMine;
  }
  if (mine == theirs.size() && (mine > 0 || !retirement_.empty() || statements_.empty())) {
    return BaseOutcome::kNotNeeded;
  }
  std::vector<const Instance*> dropped;
  for (const wire::InstanceId& id : theirs) {
    if (const Instance* instance = directory_.find(id)) {
      dropped.push_back(instance);
      remember_sums(*instance);
    }
  }
  retirement_.for_each([&](const Retirement::Retired& retired) {
    remember_sums(retired.instance);
    subtract(retired.instance, retired.low);
  });
  for (const Instance* instance : dropped) {
    subtract(*instance, {});
  }
  Retirement::All own = retirement_.exchange({});
  add_base(now_unix_ms);
  if (is_lower()) {
    undo(std::move(own));
    return BaseOutcome::kLower;
  }
  drop_collapsed(now_unix_ms);
  return BaseOutcome::kTaken;
}

BaseOutcome take_over_base(std::span<const std::uint8_t> records, std::int64_t now_unix_ms,
                           const DefinitionRules& rules, BaseParts parts, std::string& why) {
  constexpr std::uint64_t kHolesMax = 1'000'000;  // of series that were freed
  Restorer restorer(parts.registry, parts.directory, parts.retirement, rules, kHolesMax);
  BaseTakeover takeover(parts.registry, parts.directory, parts.retirement, restorer);
  const BaseOutcome outcome = takeover.take(records, now_unix_ms);
  why = takeover.why();
  return outcome;
}

std::string BaseTakeover::replay(std::span<const std::uint8_t> records, std::int64_t now_unix_ms) {
  if (!read(records)) {
    return "a base: " + why_;
  }
  retirement_.for_each(
      [&](const Retirement::Retired& retired) { subtract(retired.instance, retired.low); });
  for (const RememberedEntry& entry : remembered_) {
    if (const Instance* instance = directory_.find(entry.id)) {
      subtract(*instance, {});
    }
  }
  (void)retirement_.exchange({});
  add_base(now_unix_ms);
  drop_collapsed(now_unix_ms);
  return why_;
}

}  // namespace weir::sidecar
