#include "sidecar/state/series_record.h"

#include <array>
#include <utility>
#include <vector>

#include "sidecar/registry/labels.h"

namespace weir::sidecar {
namespace {

constexpr std::array<std::uint32_t, 1> kOneId = {0};
constexpr wire::InstanceId kNobody{1, 1};

// A frame that defines one series. What its views lead to lives as long as this.
class OneSeries {
 public:
  OneSeries(const Registry& registry, std::uint32_t index)
      : series_(registry.series(index)), labels_(split_label_text(registry.labels_of(series_))) {
    const Family& family = registry.family(series_.family);
    frame.instance = kNobody;
    frame.seq = 1;
    wire::FamilyView& view = frame.families.emplace_back();
    view.name = family.name;
    view.help = family.help;
    view.unit = family.unit;
    view.type = family.type;
    view.origin = family.origin;
    view.aggregation = family.declared_aggregation;
    view.hold_ms = family.hold_ms;
    view.group = family.group;
    for (const auto& [name, value] : labels_) {
      view.label_names.push_back(name);
      frame.series_label_values.push_back(value);
    }
    frame.series_ids = kOneId;
    frame.series_families = kOneId;
    frame.series_started_unix_ms = {&series_.started_unix_ms, 1};
    frame.sender = registry.service_of(series_);
  }

  wire::Frame frame;

 private:
  const Series series_;
  std::vector<std::pair<std::string, std::string>> labels_;
};

// kNone if there is no room, or the frame does not define one.
std::uint32_t define(const wire::Frame& frame, Registry& registry) {
  if (frame.families.size() != 1 || frame.series_started_unix_ms.size() != 1 ||
      frame.series_label_values.size() != frame.families[0].label_names.size()) {
    return kNone;
  }
  const wire::FamilyView& view = frame.families[0];
  LabelList labels;
  for (std::size_t i = 0; i < view.label_names.size(); ++i) {
    labels.emplace_back(view.label_names[i], frame.series_label_values[i]);
  }
  const std::uint32_t family = registry.define_family(view, 0);
  return registry.define_series(family, canonical_label_text(labels), frame.sender,
                                frame.series_started_unix_ms[0]);
}

}  // namespace

void append_held(Bytes& out, const Registry& registry, const Reading& reading,
                 wire::Encoder& encoder) {
  OneSeries one(registry, reading.series);
  const double number = reading.is_integer ? static_cast<double>(reading.integer) : reading.number;
  if (reading.is_integer) {
    one.frame.counter_ids = kOneId;
    one.frame.counter_totals = {&reading.integer, 1};
  } else {
    one.frame.gauge_ids = kOneId;
    one.frame.gauge_values = {&number, 1};
  }
  Bytes content;
  ByteWriter(content).number(reading.held_until_unix_ms).bytes(encoder.encode(one.frame));
  append_record(out, RecordKind::kHeld, content);
}

void append_offset(Bytes& out, const Registry& registry, std::uint32_t series, const Offset& offset,
                   wire::Encoder& encoder) {
  OneSeries one(registry, series);
  // A double as the pair that is exact: its value, and what that lacks.
  const std::array<double, 2> doubles = {offset.doubles.value(), offset.doubles.low()};
  const std::array<std::uint32_t, 2> pair = {0, 1};
  const double low = offset.sum.low();
  const double sum = offset.sum.value();
  const auto changed = static_cast<std::uint16_t>(offset.buckets.size());
  std::vector<std::uint16_t> indexes;
  if (offset.layout != nullptr) {
    one.frame.families[0].bounds = offset.layout->bounds;
    for (std::uint16_t i = 0; i < changed; ++i) {
      indexes.push_back(i);
    }
    one.frame.histogram_ids = kOneId;
    one.frame.histogram_sums = {&sum, 1};
    one.frame.histogram_changed = {&changed, 1};
    one.frame.bucket_indexes = indexes;
    one.frame.bucket_totals = offset.buckets;
    one.frame.gauge_ids = kOneId;
    one.frame.gauge_values = {&low, 1};
  } else {
    one.frame.counter_ids = kOneId;
    one.frame.counter_totals = {&offset.counter, 1};
    one.frame.double_ids = pair;
    one.frame.double_totals = doubles;
  }
  append_record(out, RecordKind::kOffset, encoder.encode(one.frame));
}

void append_unshown(Bytes& out, const Registry& registry, const Instance& instance,
                    std::uint32_t from, std::uint32_t end) {
  Bytes content;
  ByteWriter writer(content);
  writer.number(instance.id);
  for (std::uint32_t id = from; id < end; ++id) {
    if (instance.series[id] != kNone && registry.series(instance.series[id]).zero_pending) {
      writer.number(id);
    }
  }
  if (content.size() > sizeof instance.id) {
    append_record(out, RecordKind::kUnshown, content);
  }
}

std::string restore_held(const wire::Frame& frame, std::int64_t until_unix_ms, Registry& registry) {
  const std::uint32_t series = define(frame, registry);
  if (series == kNone || !registry.family(registry.series(series).family).is_reading()) {
    return "a held gauge that is none";
  }
  // The journal may tell of it more than once.
  for (std::uint32_t known = registry.series(series).readings; known != kNone;) {
    const std::uint32_t next = registry.readings()[known].next;
    if (registry.readings()[known].held_until_unix_ms == until_unix_ms) {
      registry.remove_reading(known);
    }
    known = next;
  }
  Reading& reading = registry.readings()[registry.add_reading(series, nullptr)];
  reading.held_until_unix_ms = until_unix_ms;
  reading.stated = true;
  if (!frame.counter_totals.empty()) {
    reading.integer = frame.counter_totals[0];
    reading.is_integer = true;
  } else if (!frame.gauge_values.empty()) {
    reading.number = frame.gauge_values[0];
  }
  return {};
}

std::string restore_offset(const wire::Frame& frame, Registry& registry) {
  const std::uint32_t series = define(frame, registry);
  if (series == kNone) {
    return "a declared restart of no series";
  }
  Offset offset;
  if (frame.histogram_ids.size() == 1) {
    offset.layout = make_layout(frame.families[0].bounds);
    offset.buckets.assign(frame.bucket_totals.begin(), frame.bucket_totals.end());
    offset.buckets.resize(offset.layout->le.size());
    offset.sum.add(frame.histogram_sums[0]);
    if (!frame.gauge_values.empty()) {
      offset.sum.add(frame.gauge_values[0]);
    }
  } else {
    offset.counter = frame.counter_totals.empty() ? 0 : frame.counter_totals[0];
    for (const double part : frame.double_totals) {
      offset.doubles.add(part);
    }
  }
  registry.restore_offset(series, std::move(offset));
  return {};
}

}  // namespace weir::sidecar
