#include "weir/registry.h"

#include "registry_core.h"

namespace weir {
namespace {

template <typename Handle>
Result<Family<Handle>> make_family(RegistryCore& core, FamilyOptions options,
                                   const std::string& prefix, const Labels& labels) {
  try {
    FamilyCore* family = nullptr;
    if (Status status =
            core.register_family(KindOf<Handle>::value, std::move(options), prefix, labels, family);
        !status.ok()) {
      return status;
    }
    return RegistryCore::family_handle<Handle>(family);
  } catch (const std::exception& error) {
    return Status::error(std::string("cannot register a metric: ") + error.what());
  }
}

template <typename Handle>
Result<Handle> make_series(RegistryCore& core, FamilyOptions options, const std::string& prefix,
                           const Labels& labels) {
  try {
    if (!options.labels.empty()) {
      return Status::error("metric \"" + options.name +
                           "\": declares label names, so it is a family: use the call that ends in "
                           "_family, and with()");
    }
    FamilyCore* family = nullptr;
    if (Status status =
            core.register_family(KindOf<Handle>::value, std::move(options), prefix, labels, family);
        !status.ok()) {
      return status;
    }
    const SeriesCore* series = core.series_of(*family, {});
    if (series == nullptr) {
      return Status::error(core.stats().last_refusal);
    }
    return RegistryCore::handle<Handle>(*series);
  } catch (const std::exception& error) {
    return Status::error(std::string("cannot register a metric: ") + error.what());
  }
}

}  // namespace

Result<Counter> Registrar::counter(FamilyOptions options) {
  return make_series<Counter>(core(), std::move(options), prefix(), scope_labels());
}
Result<DoubleCounter> Registrar::double_counter(FamilyOptions options) {
  return make_series<DoubleCounter>(core(), std::move(options), prefix(), scope_labels());
}
Result<ExternalCounter> Registrar::external_counter(FamilyOptions options) {
  return make_series<ExternalCounter>(core(), std::move(options), prefix(), scope_labels());
}
Result<ExternalDoubleCounter> Registrar::external_double_counter(FamilyOptions options) {
  return make_series<ExternalDoubleCounter>(core(), std::move(options), prefix(), scope_labels());
}
Result<Gauge> Registrar::gauge(FamilyOptions options) {
  return make_series<Gauge>(core(), std::move(options), prefix(), scope_labels());
}
Result<Histogram> Registrar::histogram(FamilyOptions options) {
  return make_series<Histogram>(core(), std::move(options), prefix(), scope_labels());
}

Result<CounterFamily> Registrar::counter_family(FamilyOptions options) {
  return make_family<Counter>(core(), std::move(options), prefix(), scope_labels());
}
Result<DoubleCounterFamily> Registrar::double_counter_family(FamilyOptions options) {
  return make_family<DoubleCounter>(core(), std::move(options), prefix(), scope_labels());
}
Result<ExternalCounterFamily> Registrar::external_counter_family(FamilyOptions options) {
  return make_family<ExternalCounter>(core(), std::move(options), prefix(), scope_labels());
}
Result<ExternalDoubleCounterFamily> Registrar::external_double_counter_family(
    FamilyOptions options) {
  return make_family<ExternalDoubleCounter>(core(), std::move(options), prefix(), scope_labels());
}
Result<GaugeFamily> Registrar::gauge_family(FamilyOptions options) {
  return make_family<Gauge>(core(), std::move(options), prefix(), scope_labels());
}
Result<HistogramFamily> Registrar::histogram_family(FamilyOptions options) {
  return make_family<Histogram>(core(), std::move(options), prefix(), scope_labels());
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
