#include "registry_core.h"

#include <unistd.h>

#include <exception>

#include "bucket_layout.h"
#include "frame_source.h"
#include "schemas/instance_id.h"
#include "schemas/limits.h"
#include "validation.h"
#include "value_hash.h"

namespace weir {
namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

RegistryCore::RegistryCore(RegistryOptions options)
    : options_(std::move(options)),
      status_(check_labels("constant", options_.constant_labels)),
      seed_(wire::InstanceId::random().low) {
  if (status_.ok()) {
    make_cells_file();
  }
}

RegistryCore::~RegistryCore() = default;

void RegistryCore::leave_source(std::unique_ptr<FrameSource> source) {
  const std::lock_guard lock(source_mutex_);
  source_ = std::move(source);
  source_owner_ = ::getpid();
}

std::unique_ptr<FrameSource> RegistryCore::take_source() {
  const std::lock_guard lock(source_mutex_);
  // A forked child counts from zero: what the parent stated is not to be taken off.
  return source_owner_ == ::getpid() ? std::move(source_) : nullptr;
}

Status RegistryCore::register_family(MetricKind kind, FamilyOptions options,
                                     const std::string& prefix, const Labels& scope_labels,
                                     FamilyCore*& family) {
  family = nullptr;
  if (!status_.ok()) {
    return status_;
  }
  FamilyDefinition wanted;
  wanted.kind = kind;
  wanted.name = prefix.empty() ? std::move(options.name) : prefix + "_" + options.name;
  wanted.help = std::move(options.help);
  wanted.unit = std::move(options.unit);
  std::vector<std::string> fixed_values;
  for (const auto& [name, value] : scope_labels) {
    wanted.label_names.push_back(name);
    fixed_values.push_back(value);
  }
  wanted.label_names.insert(wanted.label_names.end(), options.labels.begin(), options.labels.end());
  wanted.aggregation = options.aggregation;
  if (options.hold.count() < 0) {
    return Status::error("metric \"" + wanted.name + "\": hold is negative");
  }
  if (const std::uint64_t hold_ms_max = wire::Limits{}.hold_ms_max;
      static_cast<std::uint64_t>(options.hold.count()) > hold_ms_max) {
    return Status::error("metric \"" + wanted.name + "\": hold is longer than " +
                         std::to_string(hold_ms_max) + " ms");
  }
  wanted.hold_ms = static_cast<std::uint64_t>(options.hold.count());
  wanted.bounds = std::move(options.bounds);
  wanted.group = std::move(options.group);
  if (Status status = check_labels("scope", scope_labels); !status.ok()) {
    return Status::error("metric \"" + wanted.name + "\": " + status.reason());
  }
  if (Status status = check_definition(wanted, options_.constant_labels, options_.own_labels);
      !status.ok()) {
    return status;
  }

  const std::unique_lock lock(mutex_);
  if (const auto known = by_name_.find(wanted.name); known != by_name_.end()) {
    FamilyDefinition& first = *known->second;
    if (first.name != wanted.name) {
      return Status::error("metric \"" + wanted.name + "\": the name is taken by the " +
                           kind_name(first.kind) + " \"" + first.name + "\" on a /metrics page");
    }
    if (Status status = check_same(first, wanted); !status.ok()) {
      return status;
    }
    family = &bound(first, std::move(fixed_values));
    return {};
  }
  const std::vector<std::string> derived = derived_names(wanted);
  for (const std::string& name : derived) {
    if (const auto known = by_name_.find(name); known != by_name_.end()) {
      return Status::error("metric \"" + wanted.name + "\": takes the name \"" + name +
                           "\" on a /metrics page, as does \"" + known->second->name + "\"");
    }
  }
  if (definitions_.size() >= wire::Limits{}.families_per_publisher_max) {
    return Status::error("metric \"" + wanted.name + "\": the registry is full, the limit is " +
                         std::to_string(definitions_.size()) + " families");
  }
  wanted.id = static_cast<std::uint32_t>(definitions_.size());
  FamilyDefinition& definition = definitions_.emplace_back(std::move(wanted));
  if (kind == MetricKind::kHistogram) {
    definition.layout =
        std::make_unique<const cells::BucketLayout>(cells::layout_of(definition.bounds));
  }
  by_name_.emplace(definition.name, &definition);
  for (const std::string& name : derived) {
    by_name_.emplace(name, &definition);
  }
  note_in_file(definition);
  family = &bound(definition, std::move(fixed_values));
  return {};
}

FamilyCore& RegistryCore::bound(FamilyDefinition& definition,
                                std::vector<std::string> fixed_values) {
  for (FamilyCore& family : definition.families) {
    if (family.fixed_values == fixed_values) {
      return family;
    }
  }
  FamilyCore& family = definition.families.emplace_back();
  family.registry = this;
  family.definition = &definition;
  family.fixed_values = std::move(fixed_values);
  family.serial = next_serial();
  family.seed = detail::mix(seed_, family.serial | 1);
  return family;
}

RegistryStats RegistryCore::stats() const {
  RegistryStats stats;
  {
    const std::shared_lock lock(mutex_);
    stats.families = definitions_.size();
    stats.series = series_.size();
  }
  const std::lock_guard lock(refusal_mutex_);
  stats.refused_series = refused_series_;
  stats.last_refusal = last_refusal_;
  return stats;
}

void RegistryCore::refuse(std::string_view reason) noexcept {
  const std::lock_guard lock(refusal_mutex_);
  ++refused_series_;
  try {
    last_refusal_ = reason;
  } catch (const std::exception&) {
    last_refusal_.clear();
  }
}

void RegistryCore::on_export(std::function<void()> callback) {
  auto shared = std::make_shared<std::function<void()>>(std::move(callback));
  const std::lock_guard lock(callback_mutex_);
  callbacks_.push_back(std::move(shared));
}

void RegistryCore::run_export_callbacks() {
  const std::lock_guard exporting(export_mutex_);
  std::vector<std::shared_ptr<std::function<void()>>> callbacks;
  {
    const std::lock_guard lock(callback_mutex_);
    if (callbacks_.empty()) {
      return;
    }
    callbacks = callbacks_;  // run without the lock: a callback may register another one
  }
  for (const auto& callback : callbacks) {
    try {
      (*callback)();
    } catch (const std::exception& error) {
      refuse(std::string("export callback threw: ") + error.what());
    } catch (...) {
      refuse("export callback threw");
    }
  }
}

}  // namespace weir
