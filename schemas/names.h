// What a valid name is: metrics, labels, nodes and services, and the subject tokens they become.
// Each check returns an empty string, or the reason in words that name the offender. Thread-safe:
// pure functions. Rules: https://prometheus.io/docs/concepts/data_model/ (the classic character
// set).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "schemas/limits.h"

namespace weir::wire {

[[nodiscard]] std::string why_bad_metric_name(std::string_view name, const Limits& limits = {});

// Declared and constant labels. `le`, `quantile`, names that begin with `__`, and `service_name`
// (which Weir itself adds) are refused.
[[nodiscard]] std::string why_bad_label_name(std::string_view name, const Limits& limits = {});

[[nodiscard]] std::string why_bad_label_value(std::string_view value, const Limits& limits = {});
[[nodiscard]] std::string why_bad_help(std::string_view help, const Limits& limits = {});

// A node or service: 1 to name_bytes_max bytes of UTF-8 without control characters.
[[nodiscard]] std::string why_bad_entity_name(std::string_view kind, std::string_view name,
                                              const Limits& limits = {});

// Finite, strictly increasing, at most kBucketsMax of them; +Inf is implied and must not be listed.
[[nodiscard]] std::string why_bad_bounds(std::span<const double> bounds);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace weir::wire
