#include "schemas/names.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace weir::wire {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What a person sees of a name that may be long or binary.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, kShownMax)) {
    out.push_back(c >= ' ' && c < 0x7f ? c : '?');
  }
  out += text.size() > kShownMax ? "...\"" : "\"";
  return out;
}

std::string bad(std::string_view what, std::string_view name, std::string_view reason) {
  return std::string(what) + " " + quoted(name) + ": " + std::string(reason);
}

std::string too_long(std::string_view what, std::string_view name, std::size_t limit) {
  return bad(what, name,
             std::to_string(name.size()) + " bytes, the limit is " + std::to_string(limit));
}

std::string why_bad_name(std::string_view what, std::string_view name, bool colon_allowed,
                         std::size_t limit) {
  if (name.empty()) {
    return std::string(what) + " is empty";
  }
  if (name.size() > limit) {
    return too_long(what, name, limit);
  }
  if (is_digit(name.front())) {
    return bad(what, name, "begins with a digit");
  }
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c) && !(colon_allowed && c == ':')) {
      return bad(what, name,
                 colon_allowed ? "has a character outside [a-zA-Z0-9_:]"
                               : "has a character outside [a-zA-Z0-9_]");
    }
  }
  return {};
}

// The length of the UTF-8 sequence at the front of `text`, 0 if there is none.
// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing past U+10FFFF.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto continues = [&](std::size_t i, std::uint8_t low = 0x80, std::uint8_t high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xc2 && lead <= 0xdf) {
    return continues(1) ? 2 : 0;
  }
  if (lead >= 0xe0 && lead <= 0xef) {
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;
    const std::uint8_t high = lead == 0xed ? 0x9f : 0xbf;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const std::uint8_t low = lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string why_bad_metric_name(std::string_view name, const Limits& limits) {
  return why_bad_name("metric name", name, true, limits.name_bytes_max);
}

std::string why_bad_label_name(std::string_view name, const Limits& limits) {
  if (std::string reason = why_bad_name("label name", name, false, limits.name_bytes_max);
      !reason.empty()) {
    return reason;
  }
  if (name.starts_with("__")) {
    return bad("label name", name, "names that begin with __ are Prometheus' own");
  }
  if (name == "le" || name == "quantile") {
    return bad("label name", name, "is reserved for histograms and summaries");
  }
  if (!limits.own_labels && (name == "service_name" || name == "weir_instance")) {
    return bad("label name", name, "is added by Weir itself");
  }
  return {};
}

std::string why_bad_label_value(std::string_view value, const Limits& limits) {
  if (value.size() > limits.label_value_bytes_max) {
    return too_long("label value", value, limits.label_value_bytes_max);
  }
  if (!is_utf8(value)) {
    return bad("label value", value, "is not UTF-8");
  }
  return {};
}

std::string why_bad_help(std::string_view help, const Limits& limits) {
  if (help.size() > limits.help_bytes_max) {
    return too_long("help", help, limits.help_bytes_max);
  }
  if (!is_utf8(help)) {
    return bad("help", help, "is not UTF-8");
  }
  return {};
}

std::string why_bad_entity_name(std::string_view kind, std::string_view name,
                                const Limits& limits) {
  const std::string what = std::string(kind) + " name";
  if (name.empty()) {
    return what + " is empty";
  }
  if (name.size() > limits.name_bytes_max) {
    return too_long(what, name, limits.name_bytes_max);
  }
  if (!is_utf8(name)) {
    return bad(what, name, "is not UTF-8");
  }
  if (std::any_of(name.begin(), name.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return bad(what, name, "has a control character");
  }
  return {};
}

std::string why_bad_bounds(std::span<const double> bounds) {
  if (bounds.empty()) {
    return "bucket bounds: at least one is needed";
  }
  if (bounds.size() > kBucketsMax) {
    return "bucket bounds: " + std::to_string(bounds.size()) + " of them, the limit is " +
           std::to_string(kBucketsMax);
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i])) {
      return "bucket bounds: number " + std::to_string(i) + " is not finite (+Inf is implied)";
    }
    if (i > 0 && bounds[i] <= bounds[i - 1]) {
      return "bucket bounds: number " + std::to_string(i) + " (" + std::to_string(bounds[i]) +
             ") is not above the one before it";
    }
  }
  return {};
}

}  // namespace weir::wire
