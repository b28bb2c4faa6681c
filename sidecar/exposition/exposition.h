// The text of /metrics: which format, which part of the registry, and the body.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sidecar {

enum class Encoding : std::uint8_t { kIdentity, kGzip };
enum class Format : std::uint8_t { kPrometheusText, kOpenMetrics };  // 0.0.4, OpenMetrics 1.0.0

[[nodiscard]] std::string_view content_type(Format format);
// The best format that an Accept header names, by its q values; none or unknown: the Prometheus
// text format.
[[nodiscard]] Format negotiate_format(std::string_view accept);
// Whether an Accept-Encoding header takes gzip (q=0 says no).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);
// Both filters empty: everything. Otherwise a series is shown if it passes every filter that is not
// empty.
struct Selection {
  std::vector<std::string>
      names;  // ?name[]=: family or sample names; a trailing * matches any rest
  std::vector<std::string> collects;  // ?collect[]=: services, or groups (collectors: cpu, meminfo)

  // A scraper stores what it sees, so a new counter shows it 0 first; a person sees the value.
  bool from_scraper = false;

  [[nodiscard]] bool everything() const { return names.empty() && collects.empty(); }
};

}  // namespace weir::sidecar
