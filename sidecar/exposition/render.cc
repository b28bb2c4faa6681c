#include "sidecar/exposition/render.h"

#include <bit>
#include <cmath>
#include <string>
#include <string_view>

#include "sidecar/registry/labels.h"

namespace weir::sidecar {
namespace {

// REQUIRES: reserved.
void append_number(TextBuffer& out, double value) {
  constexpr double kIntegersExact = 9007199254740992.0;  // 2^53
  if (std::abs(value) < kIntegersExact && value == std::trunc(value)) {
    // three times as fast as the shortest double
    out.number_reserved(static_cast<std::int64_t>(value));
  } else if (std::isnan(value)) {
    out.append_reserved("NaN");
  } else if (std::isinf(value)) {
    out.append_reserved(value > 0 ? "+Inf" : "-Inf");
  } else {
    out.number_reserved(value);
  }
}

// The family as OpenMetrics names it, and the type it may have there: counters end in _total, or
// are no counters.
std::string_view metadata_name(const Snapshot::Family& family, Format format) {
  std::string_view name = family.name;
  if (format == Format::kOpenMetrics && family.type == wire::Type::kCounter &&
      name.ends_with("_total")) {
    name.remove_suffix(6);
  }
  return name;
}

std::string_view type_name(const Snapshot::Family& family, Format format) {
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

// One after the other the lines of a block: what they have in common stands in `line_` already.
class Lines {
 public:
  Lines(TextBuffer& out, const Snapshot& snapshot, const Snapshot::Family& family, bool created)
      : out_(out),
        snapshot_(snapshot),
        family_(family),
        created_(created),
        line_(family.name + "{"),
        labels_at_(line_.size()),
        size_(labels_at_) {}

  void append(const Snapshot::Block& block) {
    RowBlock::Reader reader(*block.rows);
    for (std::size_t i = 0; i < block.rows->size(); ++i) {
      reader.next(line_, labels_at_, size_);
      const std::size_t row = block.first_row + i;
      switch (snapshot_.kinds[row]) {
        case Snapshot::Kind::kNothing:
          continue;
        case Snapshot::Kind::kInteger:
          begin_line();
          out_.number_reserved(snapshot_.values[row]).append_reserved("\n");
          break;
        case Snapshot::Kind::kNumber:
          begin_line();
          append_number(out_, std::bit_cast<double>(snapshot_.values[row]));
          out_.append_reserved("\n");
          break;
        case Snapshot::Kind::kHistogram:
          append_histogram(snapshot_.histograms[snapshot_.values[row]]);
          break;
      }
      if (created_) {
        begin_line(metadata_name(family_, Format::kOpenMetrics), "_created");
        append_number(out_, static_cast<double>(snapshot_.started_unix_ms[row]) / 1000.0);
        out_.append_reserved("\n");
      }
    }
  }

 private:
  [[nodiscard]] std::string_view line() const { return {line_.data(), size_}; }
  [[nodiscard]] std::string_view labels() const { return line().substr(labels_at_); }

  // `name{labels} `, or `name `; a number and a line's end find room.
  void begin_line() {
    out_.reserve(size_ + kEndBytes);
    if (size_ == labels_at_) {
      out_.append_reserved(family_.name).append_reserved(" ");
    } else {
      out_.append_reserved(line()).append_reserved("} ");
    }
  }
  void begin_line(std::string_view name, std::string_view suffix) {
    out_.reserve(name.size() + suffix.size() + size_ + kEndBytes);
    out_.append_reserved(name).append_reserved(suffix);
    if (!labels().empty()) {
      out_.append_reserved("{").append_reserved(labels()).append_reserved("}");
    }
    out_.append_reserved(" ");
  }

  void append_histogram(const Snapshot::Histogram& histogram) {
    const BucketLayout& layout = *snapshot_.layouts[histogram.layout];
    const std::uint64_t* const buckets = snapshot_.buckets.data() + histogram.first_bucket;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < layout.le.size(); ++i) {
      cumulative += buckets[i];
      out_.reserve(family_.name.size() + size_ + layout.le[i].size() + kEndBytes);
      out_.append_reserved(family_.name).append_reserved("_bucket{").append_reserved(labels());
      out_.append_reserved(labels().empty() ? "le=\"" : ",le=\"").append_reserved(layout.le[i]);
      out_.append_reserved("\"} ").number_reserved(cumulative).append_reserved("\n");
    }
    begin_line(family_.name, "_sum");
    append_number(out_, histogram.sum);
    out_.append_reserved("\n");
    begin_line(family_.name, "_count");
    out_.number_reserved(cumulative).append_reserved("\n");
  }

  static constexpr std::size_t kEndBytes = TextBuffer::kNumberBytesMax + 32;  // marks, and suffixes

  TextBuffer& out_;
  const Snapshot& snapshot_;
  const Snapshot::Family& family_;
  const bool created_;
  std::string line_;  // name{labels, and what is left of longer ones
  const std::size_t labels_at_;
  std::size_t size_;
};

// Multiplication carries a bit upwards, the shift back down: each input reaches all bits.
class Digest {
 public:
  void add(std::uint64_t value) {
    value *= 0x9e3779b97f4a7c15ull;
    value ^= value >> 32;
    state_ = (state_ ^ value) * 0xd6e8feb86659fd93ull;
    state_ ^= state_ >> 32;
  }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xa0761d6478bd642full;
};

}  // namespace

void append_metadata(TextBuffer& out, const Snapshot::Family& family, Format format) {
  const std::string_view name = metadata_name(family, format);
  const bool open_metrics = format == Format::kOpenMetrics;
  if (!family.help.empty()) {
    std::string help;
    append_escaped(help, family.help, open_metrics);
    out.append("# HELP ").append(name).append(" ").append(help).append("\n");
  }
  out.append("# TYPE ").append(name).append(" ").append(type_name(family, format)).append("\n");
  if (open_metrics && !family.unit.empty() && name.ends_with("_" + family.unit)) {
    out.append("# UNIT ").append(name).append(" ").append(family.unit).append("\n");
  }
}

void append_block(TextBuffer& out, const Snapshot& snapshot, const Snapshot::Family& family,
                  const Snapshot::Block& block, bool created) {
  Lines(out, snapshot, family, created).append(block);
}

bool has_created(const Snapshot::Family& family, Format format, const RenderRules& rules) {
  return format == Format::kOpenMetrics && rules.created && family.origin == wire::Origin::kOwn &&
         (family.type == wire::Type::kHistogram ||
          (family.type == wire::Type::kCounter && family.name.ends_with("_total")));
}

std::string_view end_of_page(Format format) {
  return format == Format::kOpenMetrics ? "# EOF\n" : "";
}

std::uint64_t digest_of(const Snapshot& snapshot, const Snapshot::Block& block, bool created) {
  Digest digest;
  digest.add(block.rows->serial());
  const std::size_t end = block.first_row + block.rows->size();
  digest.add(std::uint64_t{created});
  for (std::size_t row = block.first_row; row < end; row += 32) {  // two bits of each
    std::uint64_t kinds = 0;
    for (std::size_t i = row; i < std::min(end, row + 32); ++i) {
      kinds = kinds << 2 | static_cast<std::uint64_t>(snapshot.kinds[i]);
    }
    digest.add(kinds);
  }
  for (std::size_t row = block.first_row; row < end; ++row) {
    if (created) {
      digest.add(static_cast<std::uint64_t>(snapshot.started_unix_ms[row]));
    }
    if (snapshot.kinds[row] != Snapshot::Kind::kHistogram) {
      digest.add(snapshot.values[row]);
      continue;
    }
    const Snapshot::Histogram& histogram = snapshot.histograms[snapshot.values[row]];
    const BucketLayout& layout = *snapshot.layouts[histogram.layout];
    digest.add(histogram.sum);
    digest.add(layout.bounds.size());
    for (std::size_t i = 0; i < layout.le.size(); ++i) {
      digest.add(snapshot.buckets[histogram.first_bucket + i]);
    }
    for (const double bound : layout.bounds) {
      digest.add(bound);
    }
  }
  return digest.value();
}

std::size_t estimate_bytes(const Snapshot& snapshot, const Snapshot::Family& family,
                           const Snapshot::Block& block) {
  constexpr std::size_t kValueBytes = 12;
  std::size_t lines = 1;  // for each row
  if (family.type == wire::Type::kHistogram && !snapshot.layouts.empty()) {
    lines = snapshot.layouts.front()->le.size() + 2;
  }
  return lines *
         (block.rows->text_bytes() + block.rows->size() * (family.name.size() + kValueBytes));
}

}  // namespace weir::sidecar
