
#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "sidecar/exposition/exposition.h"

namespace weir::sidecar {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return trimmed(head);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// One element of Accept or Accept-Encoding: `name;param=value;q=0.5` (RFC 9110, 12.4.2).
struct Element {
  std::string_view name;
  std::string_view version;
  double quality = 1;
};

Element parse_element(std::string_view text) {
  Element element;
  element.name = take_until(text, ';');
  while (!text.empty()) {
    std::string_view value = take_until(text, ';');
    const std::string_view key = take_until(value, '=');
    if (equal_ignoring_case(key, "q")) {
      double quality = 0;
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), quality);
      element.quality = parsed.ec == std::errc{} ? quality : 0;
    } else if (equal_ignoring_case(key, "version")) {
      element.version = value;
    }
  }
  return element;
}

}  // namespace

std::string_view content_type(Format format) {
  return format == Format::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

Format negotiate_format(std::string_view accept) {
  Format best = Format::kPrometheusText;
  double best_quality = 0;
  while (!accept.empty()) {
    const Element element = parse_element(take_until(accept, ','));
    const bool open_metrics =
        equal_ignoring_case(element.name, "application/openmetrics-text") &&
        (element.version.empty() || element.version == "1.0.0" || element.version == "0.0.1");
    const bool text = equal_ignoring_case(element.name, "text/plain") ||
                      equal_ignoring_case(element.name, "text/*") || element.name == "*/*";
    if ((open_metrics || text) && element.quality > best_quality) {
      best_quality = element.quality;
      best = open_metrics ? Format::kOpenMetrics : Format::kPrometheusText;
    }
  }
  return best;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const Element element = parse_element(take_until(accept_encoding, ','));
    if (equal_ignoring_case(element.name, "gzip")) {
      return element.quality > 0;
    }
  }
  return false;
}

}  // namespace weir::sidecar
