#include "sidecar/exposition/render.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "sidecar/registry/labels.h"

namespace weir::sidecar {
namespace {

template <typename Number>
void append_chars(std::string& out, Number value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_number(std::string& out, double value) {
  constexpr double kIntegersExact = 9007199254740992.0;  // 2^53
  if (std::abs(value) < kIntegersExact && value == std::trunc(value)) {
    append_chars(out,
                 static_cast<std::int64_t>(value));  // three times as fast as the shortest double
  } else if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    append_chars(out, value);
  }
}

// The family as OpenMetrics names it, and the type it may have there: counters end in _total, or
// are no counters.
std::string_view metadata_name(const SnapshotFamily& family, Format format) {
  std::string_view name = family.name;
  if (format == Format::kOpenMetrics && family.type == wire::Type::kCounter &&
      name.ends_with("_total")) {
    name.remove_suffix(6);
  }
  return name;
}

std::string_view type_name(const SnapshotFamily& family, Format format) {
  switch (family.type) {
    case wire::Type::kCounter:
      return format == Format::kOpenMetrics && !family.name.ends_with("_total") ? "unknown"
                                                                                : "counter";
    case wire::Type::kGauge:
      return "gauge";
    case wire::Type::kHistogram:
    case wire::Type::kNativeHistogram:
      return "histogram";
  }
  return "unknown";
}

void append_metadata(std::string& out, const SnapshotFamily& family, Format format) {
  const std::string_view name = metadata_name(family, format);
  const bool open_metrics = format == Format::kOpenMetrics;
  if (!family.help.empty()) {
    out.append("# HELP ").append(name).push_back(' ');
    append_escaped(out, family.help, open_metrics);
    out.push_back('\n');
  }
  out.append("# TYPE ").append(name).append(" ").append(type_name(family, format)).push_back('\n');
  if (open_metrics && !family.unit.empty() && name.ends_with("_" + family.unit)) {
    out.append("# UNIT ").append(name).append(" ").append(family.unit).push_back('\n');
  }
}

void append_sample_name(std::string& out, std::string_view name, std::string_view suffix,
                        std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) {
    out.push_back('{');
    out.append(labels).push_back('}');
  }
  out.push_back(' ');
}

void append_histogram(std::string& out, const SnapshotFamily& family, const SnapshotRow& row,
                      const std::uint64_t* buckets) {
  const BucketLayout& layout = *family.layouts[row.layout];
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < layout.le.size(); ++i) {
    cumulative += buckets[i];
    out.append(family.name).append("_bucket{").append(row.labels);
    out.append(row.labels.empty() ? "le=\"" : ",le=\"").append(layout.le[i]).append("\"} ");
    append_chars(out, cumulative);
    out.push_back('\n');
  }
  append_sample_name(out, family.name, "_sum", row.labels);
  append_number(out, row.sum);
  out.push_back('\n');
  append_sample_name(out, family.name, "_count", row.labels);
  append_chars(out, cumulative);
  out.push_back('\n');
}

void append_created(std::string& out, const SnapshotFamily& family, const SnapshotRow& row) {
  append_sample_name(out, metadata_name(family, Format::kOpenMetrics), "_created", row.labels);
  append_number(out, static_cast<double>(row.started_unix_ms) / 1000.0);
  out.push_back('\n');
}

void append_row(std::string& out, const SnapshotFamily& family, const SnapshotRow& row,
                const Snapshot& snapshot) {
  if (row.kind == SnapshotRow::Kind::kHistogram) {
    append_histogram(out, family, row, snapshot.buckets.data() + row.first_bucket);
    return;
  }
  append_sample_name(out, family.name, "", row.labels);
  if (row.kind == SnapshotRow::Kind::kInteger) {
    append_chars(out, row.integer);
  } else {
    append_number(out, row.number);
  }
  out.push_back('\n');
}

}  // namespace

std::string render(const Snapshot& snapshot, Format format, const RenderRules& rules) {
  std::string out;
  const bool open_metrics = format == Format::kOpenMetrics;
  for (const SnapshotFamily& family : snapshot.families) {
    append_metadata(out, family, format);
    const bool created = open_metrics && rules.created && family.origin == wire::Origin::kOwn &&
                         (family.type == wire::Type::kHistogram ||
                          (family.type == wire::Type::kCounter && family.name.ends_with("_total")));
    for (const SnapshotRow& row : family.rows) {
      append_row(out, family, row, snapshot);
      if (created) {
        append_created(out, family, row);
      }
    }
  }
  if (open_metrics) {
    out += "# EOF\n";
  }
  return out;
}

}  // namespace weir::sidecar
