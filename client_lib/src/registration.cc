#include "weir/registry.h"

namespace weir {
namespace {

template <typename Metric>
void take(Result<Metric> result, Metric& metric, Status& first_error) {
  metric = *result;  // detached if it failed
  if (!result.ok() && first_error.ok()) {
    first_error = result.status();
  }
}

}  // namespace

Registration& Registration::add(Counter& metric, FamilyOptions options) {
  take(registrar_.counter(std::move(options)), metric, status_);
  return *this;
}
Registration& Registration::add(DoubleCounter& metric, FamilyOptions options) {
  take(registrar_.double_counter(std::move(options)), metric, status_);
  return *this;
}
Registration& Registration::add(ExternalCounter& metric, FamilyOptions options) {
  take(registrar_.external_counter(std::move(options)), metric, status_);
  return *this;
}
Registration& Registration::add(ExternalDoubleCounter& metric, FamilyOptions options) {
  take(registrar_.external_double_counter(std::move(options)), metric, status_);
  return *this;
}
Registration& Registration::add(Gauge& metric, FamilyOptions options) {
  take(registrar_.gauge(std::move(options)), metric, status_);
  return *this;
}
Registration& Registration::add(Histogram& metric, FamilyOptions options) {
  take(registrar_.histogram(std::move(options)), metric, status_);
  return *this;
}
Registration& Registration::add(CounterFamily& family, FamilyOptions options) {
  take(registrar_.counter_family(std::move(options)), family, status_);
  return *this;
}
Registration& Registration::add(DoubleCounterFamily& family, FamilyOptions options) {
  take(registrar_.double_counter_family(std::move(options)), family, status_);
  return *this;
}
Registration& Registration::add(ExternalCounterFamily& family, FamilyOptions options) {
  take(registrar_.external_counter_family(std::move(options)), family, status_);
  return *this;
}
Registration& Registration::add(ExternalDoubleCounterFamily& family, FamilyOptions options) {
  take(registrar_.external_double_counter_family(std::move(options)), family, status_);
  return *this;
}
Registration& Registration::add(GaugeFamily& family, FamilyOptions options) {
  take(registrar_.gauge_family(std::move(options)), family, status_);
  return *this;
}
Registration& Registration::add(HistogramFamily& family, FamilyOptions options) {
  take(registrar_.histogram_family(std::move(options)), family, status_);
  return *this;
}

}  // namespace weir
