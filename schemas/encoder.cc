#include <string_view>
#include <vector>

#include "schemas/codec.h"
#include "weir_generated.h"

namespace weir::wire {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <typename T>
using WireVector = flatbuffers::Vector<T>;
using WireStrings = WireVector<Offset<flatbuffers::String>>;

// Absent rather than empty, so that a delta costs what it carries.

template <typename T>
Offset<WireVector<T>> vector_of(FlatBufferBuilder& builder, std::span<const T> values) {
  return values.empty() ? 0 : builder.CreateVector(values.data(), values.size());
}

Offset<flatbuffers::String> string_of(FlatBufferBuilder& builder, std::string_view text) {
  return text.empty() ? 0 : builder.CreateString(text.data(), text.size());
}

Offset<WireStrings> strings_of(FlatBufferBuilder& builder,
                               const std::vector<std::string_view>& texts) {
  if (texts.empty()) {
    return 0;
  }
  std::vector<Offset<flatbuffers::String>> offsets;
  offsets.reserve(texts.size());
  for (const std::string_view text : texts) {
    offsets.push_back(builder.CreateString(text.data(), text.size()));
  }
  return builder.CreateVector(offsets);
}

Offset<fb::Identity> identity_of(FlatBufferBuilder& builder, const IdentityView& identity) {
  std::vector<Offset<fb::Label>> labels;
  for (const LabelView& label : identity.constant_labels) {
    const auto name = string_of(builder, label.name);
    labels.push_back(fb::CreateLabel(builder, name, string_of(builder, label.value)));
  }
  const auto constant_labels = labels.empty() ? 0 : builder.CreateVector(labels);
  const auto node = string_of(builder, identity.node);
  const auto service = string_of(builder, identity.service);
  const auto version = string_of(builder, identity.client_version);
  const auto language = string_of(builder, identity.client_language);
  return fb::CreateIdentity(builder, node, service, identity.pid, identity.pid_namespace,
                            identity.started_unix_ms, version, language, identity.flush_interval_ms,
                            identity.heartbeat_interval_ms, constant_labels, identity.service_label,
                            identity.cells_file);
}

Offset<fb::Family> family_of(FlatBufferBuilder& builder, const FamilyView& family) {
  const auto name = string_of(builder, family.name);
  const auto help = string_of(builder, family.help);
  const auto unit = string_of(builder, family.unit);
  const auto label_names = strings_of(builder, family.label_names);
  const auto bounds = vector_of(builder, family.bounds);
  const auto group = string_of(builder, family.group);
  return fb::CreateFamily(builder, family.id, name, help, unit, static_cast<fb::Type>(family.type),
                          static_cast<fb::Origin>(family.origin),
                          static_cast<fb::Aggregation>(family.aggregation), family.hold_ms,
                          label_names, bounds, group);
}

}  // namespace

struct Encoder::Builder {
  FlatBufferBuilder flat{4096};
};

Encoder::Encoder() : builder_(std::make_unique<Builder>()) {}
Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

std::span<const std::uint8_t> Encoder::encode(const Frame& frame) {
  FlatBufferBuilder& builder = builder_->flat;
  builder.Clear();

  Offset<WireVector<Offset<fb::Family>>> families;
  if (!frame.families.empty()) {
    std::vector<Offset<fb::Family>> offsets;
    offsets.reserve(frame.families.size());
    for (const FamilyView& family : frame.families) {
      offsets.push_back(family_of(builder, family));
    }
    families = builder.CreateVector(offsets);
  }
  const auto identity = frame.has_identity ? identity_of(builder, frame.identity) : 0;
  const auto series_ids = vector_of(builder, frame.series_ids);
  const auto series_families = vector_of(builder, frame.series_families);
  const auto series_started = vector_of(builder, frame.series_started_unix_ms);
  const auto label_values = strings_of(builder, frame.series_label_values);
  const auto counter_ids = vector_of(builder, frame.counter_ids);
  const auto counter_totals = vector_of(builder, frame.counter_totals);
  const auto double_ids = vector_of(builder, frame.double_ids);
  const auto double_totals = vector_of(builder, frame.double_totals);
  const auto gauge_ids = vector_of(builder, frame.gauge_ids);
  const auto gauge_values = vector_of(builder, frame.gauge_values);
  const auto histogram_ids = vector_of(builder, frame.histogram_ids);
  const auto histogram_sums = vector_of(builder, frame.histogram_sums);
  const auto histogram_changed = vector_of(builder, frame.histogram_changed);
  const auto bucket_indexes = vector_of(builder, frame.bucket_indexes);
  const auto bucket_totals = vector_of(builder, frame.bucket_totals);
  const auto removals = vector_of(builder, frame.removals);
  const auto sender = string_of(builder, frame.sender);
  const fb::InstanceId instance(frame.instance.high, frame.instance.low);

  fb::FrameBuilder root(builder);
  root.add_kind(static_cast<fb::Kind>(frame.kind));
  root.add_instance(&instance);
  root.add_seq(frame.seq);
  root.add_sent_unix_ms(frame.sent_unix_ms);
  root.add_part(frame.part);
  root.add_parts(frame.parts);
  root.add_identity(identity);
  root.add_families(families);
  root.add_series_ids(series_ids);
  root.add_series_families(series_families);
  root.add_series_started_unix_ms(series_started);
  root.add_series_label_values(label_values);
  root.add_counter_ids(counter_ids);
  root.add_counter_totals(counter_totals);
  root.add_double_ids(double_ids);
  root.add_double_totals(double_totals);
  root.add_gauge_ids(gauge_ids);
  root.add_gauge_values(gauge_values);
  root.add_histogram_ids(histogram_ids);
  root.add_histogram_sums(histogram_sums);
  root.add_histogram_changed(histogram_changed);
  root.add_bucket_indexes(bucket_indexes);
  root.add_bucket_totals(bucket_totals);
  root.add_removals(removals);
  root.add_durable(frame.durable);
  root.add_sender(sender);
  root.add_folded(frame.folded);
  root.add_increments(frame.increments);
  root.add_spread_ms(frame.spread_ms);
  builder.Finish(root.Finish(), fb::FrameIdentifier());
  return {builder.GetBufferPointer(), builder.GetSize()};
}

}  // namespace weir::wire
