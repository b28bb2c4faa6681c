#include "ctl/push.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "ctl/text.h"

namespace weir::ctl {
namespace {

Status at_line(std::size_t line, const std::string& reason) {
  return Status::error(line == 0 ? reason : fmt::format("line {}: {}", line, reason));
}

// A label that a sample does not have is an empty one, which is none.
std::vector<std::string> label_names_of(const PushFamily& family) {
  std::set<std::string> names;
  for (const PushSample& sample : family.samples) {
    for (const auto& [name, value] : sample.labels) {
      names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

template <typename Handle, typename Value>
Status set_values(const PushFamily& family, const FamilyOptions& options,
                  const Result<Family<Handle>>& registered, Registry& registry, Value value_of) {
  if (!registered.ok()) {
    return at_line(family.line, registered.reason());
  }
  for (const PushSample& sample : family.samples) {
    std::vector<std::string_view> values;
    for (const std::string& name : options.labels) {
      const auto found = sample.labels.find(name);
      values.push_back(found == sample.labels.end() ? std::string_view() : found->second);
    }
    registered->with_values(values).set(value_of(sample));
    if (const RegistryStats stats = registry.stats(); stats.refused_series > 0) {
      return at_line(sample.line, stats.last_refusal);
    }
  }
  return {};
}

Status fill_family(const PushFamily& family, std::chrono::milliseconds hold, Registry& registry) {
  FamilyOptions options;
  options.name = family.name;
  options.help = family.help.empty() ? "Pushed by weirctl." : family.help;
  options.labels = label_names_of(family);
  options.hold = hold;
  const auto as_double = [](const PushSample& sample) { return sample.value; };
  if (family.type == PushType::kGauge) {
    options.aggregation = Aggregation::kLast;  // a run that comes before the last one's end
    return set_values(family, options, registry.gauge_family(options), registry, as_double);
  }
  const bool integers = std::all_of(family.samples.begin(), family.samples.end(),
                                    [](const PushSample& sample) { return sample.is_integer; });
  if (integers) {
    return set_values(family, options, registry.external_counter_family(options), registry,
                      [](const PushSample& sample) { return sample.integer; });
  }
  return set_values(family, options, registry.external_double_counter_family(options), registry,
                    as_double);
}

}  // namespace

Result<std::vector<PushFamily>> parse_push_words(const PushOptions& options) {
  const std::vector<std::string>& words = options.words;
  if (words.size() < 2) {
    return Status::error(
        "push wants NAME VALUE [label=value...], or Prometheus text on standard "
        "input");
  }
  PushSample sample;
  if (!is_metric_name(words[0])) {
    return Status::error(fmt::format("\"{}\" is no metric name", printable(words[0])));
  }
  if (!parse_metric_value(words[1], sample)) {
    return Status::error(
        fmt::format("{}: the value \"{}\" is no number", words[0], printable(words[1])));
  }
  if (options.type == PushType::kCounter && (!std::isfinite(sample.value) || sample.value < 0)) {
    return Status::error(words[0] + ": the value of a counter is finite and not negative");
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    if (equals == std::string::npos || !is_label_name(name)) {
      return Status::error(fmt::format("\"{}\" is not label=value", printable(words[i])));
    }
    if (!sample.labels.emplace(name, words[i].substr(equals + 1)).second) {
      return Status::error(fmt::format("label {} stands twice", name));
    }
  }
  PushFamily family;
  family.name = words[0];
  family.help = options.help;
  family.type = options.type;
  family.samples.push_back(std::move(sample));
  return std::vector<PushFamily>{std::move(family)};
}

Status fill_registry(const std::vector<PushFamily>& families, std::chrono::milliseconds hold,
                     Registry& registry) {
  for (const PushFamily& family : families) {
    if (Status status = fill_family(family, hold, registry); !status.ok()) {
      return status;
    }
  }
  return {};
}

}  // namespace weir::ctl
