// Reads Prometheus text (format 0.0.4) strictly, as far as it can be pushed: gauges and counters.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
// An error names the line and the reason; nothing of a text with an error is used.
// Thread-safe: a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir::ctl {

inline constexpr std::size_t kTextBytesMax = 16u << 20;
inline constexpr std::size_t kSamplesMax = 100'000;

enum class PushType : std::uint8_t { kGauge, kCounter };

struct PushSample {
  std::size_t line = 0;
  std::map<std::string, std::string> labels;
  double value = 0;
  std::uint64_t integer = 0;  // the value, if it stands there in digits alone and fits
  bool is_integer = false;
};

struct PushFamily {
  std::size_t line = 0;  // of the first line that speaks of it
  std::string name;
  std::string help;
  PushType type = PushType::kGauge;  // where no TYPE says otherwise
  std::vector<PushSample> samples;   // at least one
};

// In order of appearance.
[[nodiscard]] Result<std::vector<PushFamily>> parse_metrics_text(std::string_view text);

// As a value of the format: 12, 1.5e3, NaN, +Inf. False if it is none; then nothing is set.
[[nodiscard]] bool parse_metric_value(std::string_view text, PushSample& sample);

[[nodiscard]] bool is_metric_name(std::string_view text);
[[nodiscard]] bool is_label_name(std::string_view text);

}  // namespace weir::ctl
