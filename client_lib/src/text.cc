// Registry::text(): a whole /metrics page of one registry.
#include <algorithm>
#include <string>
#include <vector>

#include "cell_reader.h"
#include "registry_core.h"
#include "text_format.h"
#include "weir/registry.h"

namespace weir {
namespace {

class Page {
 public:
  Page(const Labels& constant_labels, TextFormat format)
      : constant_labels_(constant_labels), format_(format) {}

  void family(const FamilyDefinition& definition) {
    const auto visible = [](const SeriesCore* series) {
      return !series->hidden.load(std::memory_order_relaxed);
    };
    if (std::none_of(definition.series.begin(), definition.series.end(), visible)) {
      return;
    }
    head(definition);
    for (const SeriesCore* series : definition.series) {
      if (visible(series)) {
        sample(definition, *series);
      }
    }
  }

  std::string finish() {
    if (format_ == TextFormat::kOpenMetrics) {
      out_ += "# EOF\n";
    }
    return std::move(out_);
  }

 private:
  void head(const FamilyDefinition& definition) {
    constexpr std::string_view kTotal = "_total";
    const bool open_metrics = format_ == TextFormat::kOpenMetrics;
    const bool counter =
        definition.kind != MetricKind::kGauge && definition.kind != MetricKind::kHistogram;
    std::string_view name = definition.name;
    if (open_metrics && counter) {
      name.remove_suffix(kTotal.size());  // registration saw to it that it ends so
    }
    if (!definition.help.empty()) {
      line("# HELP ", name);
      out_ += ' ';
      text::append_escaped(out_, definition.help, open_metrics);
      out_ += '\n';
    }
    line("# TYPE ", name);
    out_ += counter                                     ? " counter\n"
            : definition.kind == MetricKind::kHistogram ? " histogram\n"
                                                        : " gauge\n";
    if (open_metrics && !definition.unit.empty()) {
      line("# UNIT ", name);
      out_ += ' ';
      out_ += definition.unit;
      out_ += '\n';
    }
  }

  void line(std::string_view keyword, std::string_view name) {
    out_ += keyword;
    out_ += name;
  }

  static bool is_unset(const FamilyDefinition& definition, const SeriesCore& series) {
    switch (definition.kind) {
      case MetricKind::kExternalCounter:
        return series.total->load(std::memory_order_relaxed) == kUnsetTotal;
      case MetricKind::kExternalDoubleCounter:
        return std::bit_cast<std::uint64_t>(series.value->load(std::memory_order_relaxed)) ==
               kUnsetTotal;
      default:
        return false;
    }
  }

  void sample(const FamilyDefinition& definition, const SeriesCore& series) {
    if (is_unset(definition, series)) {
      return;
    }
    name_labels(definition, series);
    switch (definition.kind) {
      case MetricKind::kCounter:
        return value(definition.name, "", cells::read_counter(series.cell));
      case MetricKind::kDoubleCounter:
        return value(definition.name, "", cells::read_double(series.cell));
      case MetricKind::kExternalCounter:
        return value(definition.name, "", series.total->load(std::memory_order_relaxed));
      case MetricKind::kExternalDoubleCounter:
      case MetricKind::kGauge:
        return value(definition.name, "", series.value->load(std::memory_order_relaxed));
      case MetricKind::kHistogram:
        return histogram(definition, series);
    }
  }

  void name_labels(const FamilyDefinition& definition, const SeriesCore& series) {
    labels_.clear();
    for (const auto& [name, label_value] : constant_labels_) {
      labels_ += labels_.empty() ? "" : ",";
      text::append_label(labels_, name, label_value);
    }
    std::size_t i = 0;
    for_each_label_value(series, [&](std::string_view label_value) {
      labels_ += labels_.empty() ? "" : ",";
      text::append_label(labels_, definition.label_names[i++], label_value);
    });
  }

  template <typename Number>
  void value(std::string_view name, std::string_view suffix, Number number) {
    out_ += name;
    out_ += suffix;
    if (!labels_.empty()) {
      out_ += '{';
      out_ += labels_;
      out_ += '}';
    }
    out_ += ' ';
    text::append_number(out_, number);
    out_ += '\n';
  }

  void bucket(std::string_view name, std::string_view bound, std::uint64_t cumulative) {
    out_ += name;
    out_ += "_bucket{";
    out_ += labels_;
    out_ += labels_.empty() ? "" : ",";
    text::append_label(out_, "le", bound);
    out_ += "} ";
    text::append_number(out_, cumulative);
    out_ += '\n';
  }

  void histogram(const FamilyDefinition& definition, const SeriesCore& series) {
    buckets_.resize(definition.bounds.size() + 1);
    const double sum = cells::read_histogram(series.cell, buckets_);
    std::uint64_t cumulative = 0;
    std::string bound;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      cumulative += buckets_[i];
      bound.clear();
      if (i < definition.bounds.size()) {
        text::append_bound(bound, definition.bounds[i]);
      } else {
        bound = "+Inf";
      }
      bucket(definition.name, bound, cumulative);
    }
    value(definition.name, "_sum", sum);
    value(definition.name, "_count", cumulative);
  }

  const Labels& constant_labels_;
  const TextFormat format_;
  std::string out_;
  std::string labels_;                  // of the series at hand, without braces
  std::vector<std::uint64_t> buckets_;  // of the histogram at hand
};

}  // namespace

std::string Registry::text(TextFormat format) const {
  core_->run_export_callbacks();
  Page page(core_->constant_labels(), format);
  core_->for_each_family(0, [&](const FamilyDefinition& definition) { page.family(definition); });
  return page.finish();
}

}  // namespace weir
