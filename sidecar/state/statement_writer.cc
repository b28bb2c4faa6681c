#include "sidecar/state/statement_writer.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "sidecar/registry/labels.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kTextBytes = 8;     // around each text
constexpr std::size_t kSeriesBytes = 16;  // ids and start
constexpr std::size_t kSampleBytes = 16;
constexpr std::size_t kFamilyBytes = 128;

StatementHead head_of(const Instance& instance, bool more_follows) {
  StatementHead head;
  head.last_seen_unix_ms = instance.last_seen_unix_ms;
  head.state_since_unix_ms = instance.state_since_unix_ms;
  head.retired = instance.retired ? 1 : 0;
  if (more_follows && instance.ended) {
    // If the write ends here, its goodbye must be new to the next life, and so must its cells file.
    head.state = StatementHead::kStateUnsaid;
    return head;
  }
  head.last_seq = instance.last_seq;
  head.stated_seq = instance.stated_seq;
  head.state = static_cast<std::uint8_t>(instance.state);
  head.folded = instance.folded ? 1 : 0;
  return head;
}

}  // namespace

void StatementWriter::begin(const Instance& instance) {
  frame_.kind = wire::Kind::kDelta;
  frame_.instance = instance.id;
  frame_.seq = std::max<std::uint64_t>(1, instance.last_seq);
  frame_.has_identity = false;
  bytes_ = 0;
  frame_.families.clear();
  for (auto* ids : {&series_ids_, &series_families_, &removals_, &counter_ids_, &double_ids_,
                    &gauge_ids_, &histogram_ids_}) {
    ids->clear();
  }
  series_started_.clear();
  texts_.clear();
  counter_totals_.clear();
  bucket_totals_.clear();
  double_totals_.clear();
  gauge_values_.clear();
  histogram_sums_.clear();
  histogram_changed_.clear();
  bucket_indexes_.clear();
}

void StatementWriter::emit(const Instance& instance, Bytes& out, bool more_follows) {
  frame_.series_ids = series_ids_;
  frame_.series_families = series_families_;
  frame_.series_started_unix_ms = series_started_;
  frame_.series_label_values.assign(texts_.begin(), texts_.end());
  frame_.removals = removals_;
  frame_.counter_ids = counter_ids_;
  frame_.counter_totals = counter_totals_;
  frame_.double_ids = double_ids_;
  frame_.double_totals = double_totals_;
  frame_.gauge_ids = gauge_ids_;
  frame_.gauge_values = gauge_values_;
  frame_.histogram_ids = histogram_ids_;
  frame_.histogram_sums = histogram_sums_;
  frame_.histogram_changed = histogram_changed_;
  frame_.bucket_indexes = bucket_indexes_;
  frame_.bucket_totals = bucket_totals_;
  content_.clear();
  ByteWriter(content_)
      .number(head_of(instance, more_follows))
      .text(instance.subject)
      .text(instance.node)
      .text(instance.service)
      .bytes(encoder_.encode(frame_));
  append_record(out, RecordKind::kStatement, content_);
  begin(instance);
}

void StatementWriter::emit_if_large(const Instance& instance, Bytes& out, bool more_follows) {
  if (bytes_ >= record_bytes_) {
    emit(instance, out, more_follows);
  }
}

void StatementWriter::add_family(const Instance& instance, std::uint32_t id) {
  const InstanceFamily& local = instance.families[id];
  if (local.family == kNone) {
    return;
  }
  const Family& family = registry_.family(local.family);
  wire::FamilyView& view = frame_.families.emplace_back();
  view.id = id;
  view.name = family.name;
  view.help = family.help;
  view.unit = family.unit;
  view.type = family.type;
  view.origin = family.origin;
  view.aggregation = family.declared_aggregation;
  view.hold_ms = family.hold_ms;
  view.group = family.group;
  view.label_names.assign(local.label_names->begin(), local.label_names->end());
  if (local.bounds != kNone) {
    view.bounds = instance.bounds[local.bounds].own->bounds;
  }
  bytes_ += kFamilyBytes + family.name.size() + family.help.size() + view.bounds.size_bytes();
  for (const std::string& name : *local.label_names) {
    bytes_ += kTextBytes + name.size();
  }
}

// Neighbours' texts are cheap to read one after the other.
std::vector<std::uint32_t> StatementWriter::in_order_of_rows(
    const Instance& instance, std::span<const std::uint32_t> ids) const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keyed;
  keyed.reserve(ids.size());
  for (const std::uint32_t id : ids) {
    if (instance.targets[id].is_announced()) {
      const SeriesRow& row = registry_.row(instance.series[id]);
      keyed.emplace_back(std::uint64_t{row.family} << 32 | row.place, id);
    }
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::uint32_t> ordered;
  ordered.reserve(keyed.size());
  for (const auto& [row, id] : keyed) {
    ordered.push_back(id);
  }
  return ordered;
}

void StatementWriter::add_series(const Instance& instance, const FamilyIds& ids, std::uint32_t id,
                                 RowBlock::Cursor& cursor) {
  const Series& series = registry_.series(instance.series[id]);
  const std::uint32_t family = ids.of(id, series.family);
  if (family == kNone) {
    return;
  }
  series_ids_.push_back(id);
  series_families_.push_back(family);
  series_started_.push_back(series.started_unix_ms);
  const std::string& text = registry_.labels_of(series, cursor);
  bytes_ += kSeriesBytes + instance.families[family].label_names->size() * kTextBytes + text.size();
  for (const std::string& name : *instance.families[family].label_names) {
    texts_.push_back(value_in_label_text(text, name));
  }
  if (instance.targets[id].hidden()) {
    removals_.push_back(id);
  }
}

void StatementWriter::definitions(const Instance& instance, bool identity,
                                  std::span<const std::uint32_t> families,
                                  std::span<const std::uint32_t> series, Bytes& out,
                                  bool totals_follow) {
  begin(instance);
  if (identity) {
    wire::IdentityView& view = frame_.identity;
    view.node = instance.node;
    view.service = instance.service;
    view.pid = instance.pid;
    view.pid_namespace = instance.pid_namespace;
    view.started_unix_ms = instance.contributor.started_unix_ms;
    view.client_version = instance.client_version;
    view.client_language = instance.client_language;
    view.heartbeat_interval_ms = static_cast<std::uint32_t>(instance.heartbeat_interval_ms);
    view.service_label = instance.service_label;
    view.cells_file = instance.cells_file;
    view.constant_labels.clear();
    for (const auto& [name, value] : instance.constant_labels) {
      view.constant_labels.push_back({name, value});
    }
    frame_.has_identity = true;
  }
  for (const std::uint32_t id : families) {
    add_family(instance, id);
    emit_if_large(instance, out, totals_follow);
  }
  const FamilyIds ids(instance);
  RowBlock::Cursor cursor;
  for (const std::uint32_t id : in_order_of_rows(instance, series)) {
    add_series(instance, ids, id, cursor);
    emit_if_large(instance, out, totals_follow);
  }
  if (frame_.has_identity || !frame_.families.empty() || !series_ids_.empty()) {
    emit(instance, out, totals_follow);
  }
}

void StatementWriter::all_definitions(const Instance& instance, Bytes& out) {
  std::vector<std::uint32_t> families(instance.families.size());
  std::vector<std::uint32_t> series(instance.targets.size());
  std::iota(families.begin(), families.end(), 0);
  std::iota(series.begin(), series.end(), 0);
  definitions(instance, true, families, series, out);
}

void StatementWriter::add_total(const Instance& instance, std::uint32_t id) {
  const Target target = instance.targets[id];
  bytes_ += kSampleBytes;
  if (target.kind() == TargetKind::kCounter) {
    counter_ids_.push_back(id);
    counter_totals_.push_back(instance.applied[id]);
  } else if (target.kind() == TargetKind::kDouble) {
    double_ids_.push_back(id);
    double_totals_.push_back(std::bit_cast<double>(instance.applied[id]));
  } else if (target.kind() == TargetKind::kHistogram) {
    const InstanceHistogram& histogram = instance.histograms[target.index()];
    std::uint16_t named = 0;
    for (std::uint32_t i = 0; i < histogram.buckets; ++i) {
      if (const std::uint64_t total = instance.applied_buckets[histogram.applied + i]; total != 0) {
        bucket_indexes_.push_back(static_cast<std::uint16_t>(i));
        bucket_totals_.push_back(total);
        ++named;
      }
    }
    bytes_ += named * kSampleBytes;
    histogram_ids_.push_back(id);
    histogram_sums_.push_back(histogram.applied_sum);
    histogram_changed_.push_back(named);
  }
}

std::uint32_t StatementWriter::moved_totals(Instance& instance, std::uint32_t from,
                                            std::size_t enough, Bytes& out) {
  begin(instance);
  const std::uint32_t next = instance.unwritten.take_moved(
      from,
      [&](std::uint32_t id) {
        emit_if_large(instance, out, true);
        add_total(instance, id);
      },
      [&] { return out.size() + bytes_ >= enough; });
  // Also without totals: its head says how it is. Of those written in an earlier step some may have
  // moved since.
  emit(instance, out, next != Unwritten::kAllTaken || instance.unwritten.any_moved());
  return next;
}

void StatementWriter::all_totals(const Instance& instance, Bytes& out) {
  begin(instance);
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    add_total(instance, id);
    emit_if_large(instance, out);
  }
  emit(instance, out);
}

std::uint32_t StatementWriter::some_totals(const Instance& instance, std::uint32_t from,
                                           std::size_t enough, Bytes& out) {
  begin(instance);
  std::uint32_t id = from;
  for (; id < instance.targets.size() && out.size() + bytes_ < enough; ++id) {
    emit_if_large(instance, out, true);
    add_total(instance, id);
  }
  const bool more = id < instance.targets.size();
  emit(instance, out, more || instance.unwritten.moved_since_checkpoint());
  return more ? id : Unwritten::kAllTaken;
}

std::uint32_t StatementWriter::retired_totals(const Retirement::Retired& retired,
                                              std::uint32_t from, std::size_t enough, Bytes& out) {
  const Instance& instance = retired.instance;
  begin(instance);
  std::uint32_t id = from;
  for (; id < instance.targets.size() && out.size() + bytes_ < enough; ++id) {
    emit_if_large(instance, out);
    add_total(instance, id);
    if (retired.low[id] != 0) {
      gauge_ids_.push_back(id);
      gauge_values_.push_back(retired.low[id]);
    }
  }
  emit(instance, out);
  return id < instance.targets.size() ? id : Unwritten::kAllTaken;
}

}  // namespace weir::sidecar
