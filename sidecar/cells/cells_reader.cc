#include "sidecar/cells/cells_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "client_lib/src/frame_contents.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"
#include "sidecar/cells/cells_blocks.h"
#include "sidecar/cells/cells_log.h"

namespace weir::sidecar {
namespace {

namespace layout = wire::cells_file;

constexpr std::size_t kFrameBytes = 512;  // as of the client: the root table, heads and paddings
constexpr std::size_t kPartBytesMin = 4096;

// Adds the cells of each series up, relative to what a former instance stated.
class Totals {
 public:
  Totals(const CellsBlocks& blocks, std::span<const layout::Base> bases)
      : blocks_(blocks), bases_(bases) {}

  // False, with the reason in why(): no program counts like that.
  [[nodiscard]] bool add(const SeriesCore& series) {
    series_ = &series;
    contents.add_series(series);
    switch (series.family->definition->kind) {
      case MetricKind::kDoubleCounter:
        return add_double();
      case MetricKind::kHistogram:
        return add_histogram();
      default:
        return add_counter();
    }
  }
  // Whether the bases were of series and slots that exist.
  [[nodiscard]] bool used_all_bases() const { return used_bases_ == bases_.size(); }
  [[nodiscard]] const std::string& why() const { return why_; }

  FrameContents contents;
  std::uint64_t increments = 0;

 private:
  // Calls visit(RangeCells, index of the first cell in it).
  template <typename Visitor>
  void for_each_range(Visitor&& visit) const {
    for (const CellsBlocks::RangeCells& range :
         blocks_.segment(series_->cell / layout::kCellsPerBlock)) {
      visit(range, series_->cell % layout::kCellsPerBlock);
    }
  }

  std::uint64_t base(std::size_t slot) {
    const auto found = std::lower_bound(
        bases_.begin(), bases_.end(), std::pair<std::uint32_t, std::size_t>(series_->id, slot),
        [](const layout::Base& a, const auto& b) {
          return a.series != b.first ? a.series < b.first : a.slot < b.second;
        });
    if (found == bases_.end() || found->series != series_->id || found->slot != slot) {
      return 0;
    }
    ++used_bases_;
    return found->value;
  }

  bool add_counter() {
    std::uint64_t total = 0;
    for_each_range([&](const auto& range, std::uint32_t first) { total += range.cell(first); });
    const std::uint64_t below = base(0);
    if (total < below) {
      return refuse("a total below what was stated before");
    }
    contents.counter_ids.push_back(series_->id);
    contents.counter_totals.push_back(total - below);
    increments += total - below;
    return true;
  }

  bool add_double() {
    double total = 0;
    bool valid = true;
    for_each_range([&](const auto& range, std::uint32_t first) {
      const auto amount = std::bit_cast<double>(range.cell(first));
      valid = valid && amount >= 0;  // and so no NaN
      total += amount;
    });
    const auto below = std::bit_cast<double>(base(0));
    if (!valid || !(below >= 0)) {
      return refuse("a total that is no number, or negative");
    }
    total = std::min(total, std::numeric_limits<double>::max());
    contents.double_ids.push_back(series_->id);
    contents.double_totals.push_back(std::max(0.0, total - below));
    return true;
  }

  bool add_histogram() {
    const std::size_t buckets = series_->family->definition->bounds.size() + 1;
    buckets_.assign(buckets, 0);
    double sum = 0;
    for_each_range([&](const auto& range, std::uint32_t first) {
      sum += std::bit_cast<double>(range.cell(first + 1));
      for (std::size_t i = 0; i < buckets; ++i) {
        const auto at = cells::kHistogramHeaderCells + static_cast<std::uint32_t>(i);
        buckets_[i] += range.cell(first + at);
      }
    });
    // In this order as the client does it, so that the sum is the one that a frame would state.
    sum =
        std::clamp(sum, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
    sum -= std::bit_cast<double>(base(0));
    std::uint16_t stated = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      const std::uint64_t below = base(1 + i);
      if (buckets_[i] < below) {
        return refuse("a bucket below what was stated before");
      }
      if (const std::uint64_t total = buckets_[i] - below; total != 0) {
        contents.bucket_indexes.push_back(static_cast<std::uint16_t>(i));
        contents.bucket_totals.push_back(total);
        increments += total;
        ++stated;
      }
    }
    contents.histogram_ids.push_back(series_->id);
    contents.histogram_sums.push_back(std::isfinite(sum) ? sum : 0);
    contents.histogram_changed.push_back(stated);
    return true;
  }

  bool refuse(const char* why) {
    why_ = "series " + std::to_string(series_->id) + " of " + series_->family->definition->name +
           ": " + why;
    return false;
  }

  const CellsBlocks& blocks_;
  const std::span<const layout::Base> bases_;
  const SeriesCore* series_ = nullptr;
  std::size_t used_bases_ = 0;
  std::vector<std::uint64_t> buckets_;
  std::string why_;
};

void make_goodbye(const CellsLog& log, const Totals& totals, std::size_t frame_bytes_max,
                  std::int64_t now_unix_ms, std::vector<std::vector<std::uint8_t>>& frames) {
  const std::size_t head = kFrameBytes + log.identity_bytes();
  std::size_t part_bytes = std::max(frame_bytes_max, head + kPartBytesMin) - head;
  std::vector<Cut> cuts;
  cut_into_parts(totals.contents, part_bytes, cuts);
  while (cuts.size() > wire::kPartsMax) {
    part_bytes *= 2;
    cut_into_parts(totals.contents, part_bytes, cuts);
  }
  wire::Frame frame;
  frame.kind = wire::Kind::kGoodbye;
  frame.instance = log.identity().instance;
  frame.sent_unix_ms = now_unix_ms;
  frame.has_identity = true;
  frame.identity = log.identity().identity;
  frame.folded = true;
  frame.increments = totals.increments;
  frame.parts = static_cast<std::uint16_t>(cuts.size());
  wire::Encoder encoder;
  Cut from;
  for (std::size_t part = 0; part < cuts.size(); ++part) {
    frame.part = static_cast<std::uint16_t>(part);
    frame.seq = layout::kFoldedSeq + part;
    fill(frame, totals.contents, from, cuts[part]);
    const auto bytes = encoder.encode(frame);
    frames.emplace_back(bytes.begin(), bytes.end());
    from = cuts[part];
  }
}

}  // namespace

CellsReading read_cells(std::span<const std::uint8_t> file, std::size_t frame_bytes_max,
                        std::int64_t now_unix_ms, const wire::Limits& limits) {
  CellsReading reading;
  const auto blocks = std::make_unique<CellsBlocks>();
  CellsLog log(limits);
  Status status = blocks->read(file);
  if (status.ok()) {
    status = log.read(blocks->log());
  }
  if (!status.ok()) {
    reading.why = status.reason();
    return reading;
  }
  if (!log.named()) {
    reading.outcome = CellsReading::Outcome::kNameless;
    reading.why = "its program never published";
    return reading;
  }
  const wire::Frame& identity = log.identity();
  reading.instance = identity.instance;
  reading.node = identity.identity.node;
  reading.service = identity.identity.service;
  reading.pid = identity.identity.pid;
  reading.subject =
      wire::Subjects{log.subject_prefix()}.publish(reading.node, reading.service, reading.instance);
  Totals totals(*blocks, log.bases());
  for (const FamilyDefinition& family : log.families()) {
    totals.contents.families.push_back(&family);
  }
  for (const SeriesCore& series : log.series()) {
    if (!totals.add(series)) {
      reading.why = totals.why();
      return reading;
    }
  }
  if (!totals.used_all_bases()) {
    reading.why = "the log is corrupt: a base of nothing";
    return reading;
  }
  make_goodbye(log, totals, frame_bytes_max, now_unix_ms, reading.frames);
  reading.outcome = CellsReading::Outcome::kGoodbye;
  return reading;
}

}  // namespace weir::sidecar
