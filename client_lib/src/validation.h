// The rules of registration. Each check answers ok, or an error that names the metric and the
// reason. Thread-safe: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "family_core.h"
#include "weir/registry.h"
#include "weir/status.h"

namespace weir {

[[nodiscard]] const char* kind_name(MetricKind kind);

// Names and values of labels that are given as pairs; `where` is "constant" or "scope".
[[nodiscard]] Status check_labels(const char* where, const Labels& labels);

// A definition on its own, together with the registry's constant labels.
// `own_labels`: RegistryOptions.
[[nodiscard]] Status check_definition(const FamilyDefinition& definition, const Labels& constant,
                                      bool own_labels);

// A second registration of a name: ok if it says the same, else what differs.
[[nodiscard]] Status check_same(const FamilyDefinition& first, const FamilyDefinition& second);

// The names that a family takes on a /metrics page besides its own: x_bucket, x_sum, x_count of a
// histogram, and the name without _total of a counter (its family name in OpenMetrics).
[[nodiscard]] std::vector<std::string> derived_names(const FamilyDefinition& definition);

// Label values of one series.
[[nodiscard]] std::string why_bad_values(const FamilyCore& family,
                                         std::span<const std::string_view> values);

}  // namespace weir
