#include "weir/registry.h"

#include "registry_core.h"

namespace weir {
namespace {

// Where a registration comes from.
struct Place {
  RegistryCore& core;
  const std::string& prefix;
  const Labels& labels;
};

Status make_family(const Place& place, MetricKind kind, FamilyOptions&& options,
                   FamilyCore*& family) {
  try {
    return place.core.register_family(kind, std::move(options), place.prefix, place.labels, family);
  } catch (const std::exception& error) {
    return Status::error(std::string("cannot register a metric: ") + error.what());
  }
}

Status make_series(const Place& place, MetricKind kind, FamilyOptions&& options,
                   const SeriesCore*& series) {
  if (!options.labels.empty()) {
    return Status::error("metric \"" + options.name +
                         "\": declares label names, so it is a family: use the call that ends in "
                         "_family, and with()");
  }
  FamilyCore* family = nullptr;
  if (Status status = make_family(place, kind, std::move(options), family); !status.ok()) {
    return status;
  }
  series = place.core.series_of(*family, {});
  return series == nullptr ? Status::error(place.core.stats().last_refusal) : Status{};
}

template <typename Handle>
Result<Family<Handle>> family_of(const Place& place, FamilyOptions&& options) {
  FamilyCore* family = nullptr;
  Status status = make_family(place, KindOf<Handle>::value, std::move(options), family);
  if (family == nullptr) {
    return status;
  }
  return RegistryCore::family_handle<Handle>(family);
}

template <typename Handle>
Result<Handle> single_of(const Place& place, FamilyOptions&& options) {
  const SeriesCore* series = nullptr;
  Status status = make_series(place, KindOf<Handle>::value, std::move(options), series);
  if (series == nullptr) {
    return status;
  }
  return RegistryCore::handle<Handle>(*series);
}

}  // namespace

Result<Counter> Registrar::counter(FamilyOptions options) {
  return single_of<Counter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<DoubleCounter> Registrar::double_counter(FamilyOptions options) {
  return single_of<DoubleCounter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<ExternalCounter> Registrar::external_counter(FamilyOptions options) {
  return single_of<ExternalCounter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<ExternalDoubleCounter> Registrar::external_double_counter(FamilyOptions options) {
  return single_of<ExternalDoubleCounter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<Gauge> Registrar::gauge(FamilyOptions options) {
  return single_of<Gauge>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<Histogram> Registrar::histogram(FamilyOptions options) {
  return single_of<Histogram>({core(), prefix(), scope_labels()}, std::move(options));
}

Result<CounterFamily> Registrar::counter_family(FamilyOptions options) {
  return family_of<Counter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<DoubleCounterFamily> Registrar::double_counter_family(FamilyOptions options) {
  return family_of<DoubleCounter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<ExternalCounterFamily> Registrar::external_counter_family(FamilyOptions options) {
  return family_of<ExternalCounter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<ExternalDoubleCounterFamily> Registrar::external_double_counter_family(
    FamilyOptions options) {
  return family_of<ExternalDoubleCounter>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<GaugeFamily> Registrar::gauge_family(FamilyOptions options) {
  return family_of<Gauge>({core(), prefix(), scope_labels()}, std::move(options));
}
Result<HistogramFamily> Registrar::histogram_family(FamilyOptions options) {
  return family_of<Histogram>({core(), prefix(), scope_labels()}, std::move(options));
}

Scope Registrar::scope(std::string scope_prefix, Labels labels) {
  std::string joined = prefix();
  if (!joined.empty() && !scope_prefix.empty()) {
    joined += "_";
  }
  joined += scope_prefix;
  Labels all = scope_labels();
  all.insert(all.end(), labels.begin(), labels.end());
  return Scope(core(), std::move(joined), std::move(all));
}

Registry::Registry(RegistryOptions options)
    : core_(std::make_unique<RegistryCore>(std::move(options))) {}

Registry::~Registry() = default;

const Status& Registry::status() const {
  return core_->status();
}

RegistryStats Registry::stats() const {
  return core_->stats();
}

CellsState Registry::cells() const {
  return core_->cells();
}

void Registry::on_export(std::function<void()> callback) {
  core_->on_export(std::move(callback));
}

RegistryCore& Registry::core() {
  return *core_;
}

const std::string& Registry::prefix() const {
  static const std::string none;
  return none;
}

const Labels& Registry::scope_labels() const {
  static const Labels none;
  return none;
}

Scope::Scope(RegistryCore& core, std::string prefix, Labels labels)
    : core_(&core), prefix_(std::move(prefix)), labels_(std::move(labels)) {}

}  // namespace weir
