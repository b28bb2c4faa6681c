#include "validation.h"

#include <algorithm>
#include <string>

#include "schemas/limits.h"
#include "schemas/names.h"

namespace weir {
namespace {

constexpr std::string_view kTotal = "_total";

Status refuse(const FamilyDefinition& definition, const std::string& reason) {
  return Status::error("metric \"" + definition.name + "\": " + reason);
}

bool is_counter(MetricKind kind) {
  return kind != MetricKind::kGauge && kind != MetricKind::kHistogram;
}

std::string_view without_total(std::string_view name) {
  return name.ends_with(kTotal) ? name.substr(0, name.size() - kTotal.size()) : name;
}

Status check_name(const FamilyDefinition& definition) {
  if (std::string reason = wire::why_bad_metric_name(definition.name); !reason.empty()) {
    return Status::error(std::move(reason));
  }
  const bool total = std::string_view(definition.name).ends_with(kTotal);
  if (is_counter(definition.kind) && (!total || definition.name.size() == kTotal.size())) {
    return refuse(definition, "the name of a counter must end in _total");
  }
  if (!is_counter(definition.kind) && total) {
    return refuse(definition, std::string("the name of a ") + kind_name(definition.kind) +
                                  " must not end in _total, which marks counters");
  }
  if (!definition.unit.empty()) {
    if (!wire::why_bad_metric_name("x" + definition.unit).empty()) {
      return refuse(definition, "unit \"" + definition.unit + "\" is not made of [a-zA-Z0-9_:]");
    }
    if (!without_total(definition.name).ends_with("_" + definition.unit)) {
      return refuse(definition, "has the unit \"" + definition.unit +
                                    "\", so its name must end in _" + definition.unit +
                                    (is_counter(definition.kind) ? "_total" : ""));
    }
  }
  return {};
}

Status check_label_names(const FamilyDefinition& definition, const Labels& constant,
                         bool own_labels) {
  wire::Limits limits;
  limits.own_labels = own_labels;
  const std::vector<std::string>& names = definition.label_names;
  const std::size_t labels_max = wire::Limits{}.labels_per_series_max;
  if (names.size() + constant.size() > labels_max) {
    return refuse(definition, "has " + std::to_string(names.size() + constant.size()) +
                                  " labels (declared, scope and constant), the limit is " +
                                  std::to_string(labels_max));
  }
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (*name == "service_name" && !own_labels) {
      return refuse(definition,
                    "label name \"service_name\": Weir itself adds it, with the publisher's "
                    "service as value");
    }
    if (std::string reason = wire::why_bad_label_name(*name, limits); !reason.empty()) {
      return refuse(definition, reason);
    }
    if (std::find(names.begin(), name, *name) != name) {
      return refuse(definition,
                    "label name \"" + *name + "\" stands twice (declared or scope labels)");
    }
    if (std::any_of(constant.begin(), constant.end(),
                    [&](const auto& label) { return label.first == *name; })) {
      return refuse(definition, "label name \"" + *name + "\" is a constant label of the registry");
    }
  }
  return {};
}

Status check_by_kind(const FamilyDefinition& definition) {
  if (definition.kind != MetricKind::kGauge) {
    if (definition.aggregation != Aggregation::kSum) {
      return refuse(definition, std::string("has an aggregation, but is a ") +
                                    kind_name(definition.kind) + ": only gauges have one");
    }
    if (definition.hold_ms != 0 && is_own_total(definition.kind)) {
      return refuse(definition, std::string("has a hold, but is a ") + kind_name(definition.kind) +
                                    ": only gauges and external counters have one");
    }
  }
  if (definition.kind == MetricKind::kHistogram) {
    if (std::string reason = wire::why_bad_bounds(definition.bounds); !reason.empty()) {
      return refuse(definition, reason);
    }
  } else if (!definition.bounds.empty()) {
    return refuse(definition, std::string("has bounds, but is a ") + kind_name(definition.kind) +
                                  ": only histograms have bounds");
  }
  return {};
}

std::string list(const std::vector<std::string>& words) {
  std::string out = "{";
  for (const std::string& word : words) {
    out += (out.size() > 1 ? "," : "") + word;
  }
  return out + "}";
}

}  // namespace

const char* kind_name(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kDoubleCounter:
      return "counter of doubles";
    case MetricKind::kExternalCounter:
      return "external counter";
    case MetricKind::kExternalDoubleCounter:
      return "external counter of doubles";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
  }
  return "unknown";
}

Status check_labels(const char* where, const Labels& labels) {
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    const auto& [name, value] = *label;
    const std::string prefix = std::string(where) + " label: ";
    if (std::string reason = wire::why_bad_label_name(name); !reason.empty()) {
      return Status::error(prefix + reason);
    }
    if (std::string reason = wire::why_bad_label_value(value); !reason.empty()) {
      return Status::error(prefix + "\"" + name + "\": " + reason);
    }
    for (auto earlier = labels.begin(); earlier != label; ++earlier) {
      if (earlier->first == name) {
        return Status::error(prefix + "label name \"" + name + "\" stands twice");
      }
    }
  }
  if (labels.size() > wire::Limits{}.labels_per_series_max) {
    return Status::error(std::to_string(labels.size()) + " " + where + " labels, the limit is " +
                         std::to_string(wire::Limits{}.labels_per_series_max));
  }
  return {};
}

Status check_definition(const FamilyDefinition& definition, const Labels& constant,
                        bool own_labels) {
  if (Status status = check_name(definition); !status.ok()) {
    return status;
  }
  if (std::string reason = wire::why_bad_help(definition.help); !reason.empty()) {
    return refuse(definition, reason);
  }
  if (!definition.group.empty()) {
    if (std::string reason = wire::why_bad_entity_name("group", definition.group);
        !reason.empty()) {
      return refuse(definition, reason);
    }
  }
  if (Status status = check_label_names(definition, constant, own_labels); !status.ok()) {
    return status;
  }
  return check_by_kind(definition);
}

Status check_same(const FamilyDefinition& first, const FamilyDefinition& second) {
  const auto differs = [&](const std::string& what, const std::string& is, const std::string& was) {
    return refuse(second,
                  "is registered already with another " + what + ": " + was + ", now " + is);
  };
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  if (first.kind != second.kind) {
    return differs("type", kind_name(second.kind), kind_name(first.kind));
  }
  if (first.label_names != second.label_names) {
    return differs("set of labels", list(second.label_names), list(first.label_names));
  }
  if (first.help != second.help) {
    return differs("help", quoted(second.help), quoted(first.help));
  }
  if (first.unit != second.unit) {
    return differs("unit", quoted(second.unit), quoted(first.unit));
  }
  if (first.bounds != second.bounds) {
    return refuse(
        second, "is registered already with other bounds: " + std::to_string(first.bounds.size()) +
                    " of them, now " + std::to_string(second.bounds.size()) +
                    (first.bounds.size() == second.bounds.size() ? " others" : ""));
  }
  if (first.aggregation != second.aggregation) {
    return refuse(second, "is registered already with another aggregation");
  }
  if (first.hold_ms != second.hold_ms) {
    return differs("hold", std::to_string(second.hold_ms) + " ms",
                   std::to_string(first.hold_ms) + " ms");
  }
  if (first.group != second.group) {
    return differs("group", quoted(second.group), quoted(first.group));
  }
  return {};
}

std::vector<std::string> derived_names(const FamilyDefinition& definition) {
  if (definition.kind == MetricKind::kHistogram) {
    return {definition.name + "_bucket", definition.name + "_sum", definition.name + "_count"};
  }
  if (is_counter(definition.kind)) {
    return {std::string(without_total(definition.name))};
  }
  return {};
}

std::string why_bad_values(const FamilyCore& family, std::span<const std::string_view> values) {
  const FamilyDefinition& definition = *family.definition;
  const std::size_t fixed = family.fixed_values.size();
  const std::size_t wanted = definition.label_names.size() - fixed;
  const std::string metric = "metric \"" + definition.name + "\": ";
  if (values.size() != wanted) {
    return metric + std::to_string(values.size()) + " label values for " + std::to_string(wanted) +
           " label names";
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::string reason = wire::why_bad_label_value(values[i]); !reason.empty()) {
      return metric + "label \"" + definition.label_names[fixed + i] + "\": " + reason;
    }
  }
  return {};
}

}  // namespace weir
