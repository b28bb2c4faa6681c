#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/codec.h"
#include "schemas/names.h"
#include "weir_generated.h"

namespace weir::wire {
namespace {

static_assert(std::endian::native == std::endian::little,
              "vectors are used in place: FlatBuffers are little-endian");

template <typename T>
using WireVector = flatbuffers::Vector<T>;
using WireStrings = WireVector<flatbuffers::Offset<flatbuffers::String>>;

template <typename T>
std::span<const T> span_of(const WireVector<T>* values) {
  if (values == nullptr) {
    return {};
  }
  return {reinterpret_cast<const T*>(values->Data()), values->size()};
}

// The verifier looks at where a vector's length stands, not at its elements: those of 64 bits may
// lie 4 bytes off in a hostile frame.
template <typename... T>
bool any_misaligned(const WireVector<T>*... vectors) {
  return (
      (vectors != nullptr && reinterpret_cast<std::uintptr_t>(vectors->Data()) % alignof(T) != 0) ||
      ...);
}
constexpr const char* kMisaligned = "64-bit numbers at an odd address";

std::string_view view_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text->c_str(), text->size()};
}

void views_of(const WireStrings* texts, std::vector<std::string_view>& out) {
  out.clear();
  if (texts == nullptr) {
    return;
  }
  out.reserve(texts->size());
  for (const flatbuffers::String* text : *texts) {
    out.push_back(view_of(text));
  }
}

Refusal refuse(Reason reason, std::string detail) {
  return {reason, std::move(detail)};
}

Refusal read_header(const fb::Frame& wire, Frame& frame) {
  if (wire.version() != kProtocolVersion) {
    return refuse(
        Reason::kUnsupportedVersion,
        "protocol version " + std::to_string(wire.version()) + ", this program speaks version 1");
  }
  if (wire.kind() > fb::Kind::Ack) {
    return refuse(Reason::kBadHeader, "unknown kind of frame");
  }
  if (wire.instance() == nullptr || (wire.instance()->high() == 0 && wire.instance()->low() == 0)) {
    return refuse(Reason::kBadHeader, "no instance id");
  }
  if (wire.parts() == 0 || wire.parts() > kPartsMax || wire.part() >= wire.parts()) {
    return refuse(Reason::kBadHeader,
                  "part " + std::to_string(wire.part()) + " of " + std::to_string(wire.parts()));
  }
  frame.kind = static_cast<Kind>(wire.kind());
  frame.instance = {wire.instance()->high(), wire.instance()->low()};
  frame.seq = wire.seq();
  frame.sent_unix_ms = wire.sent_unix_ms();
  frame.part = wire.part();
  frame.parts = wire.parts();
  frame.durable = wire.durable();
  frame.sender = view_of(wire.sender());
  frame.folded = wire.folded();
  frame.increments = wire.increments();
  frame.spread_ms = wire.spread_ms();
  if (frame.is_from_publisher() && frame.seq <= frame.part) {
    return refuse(Reason::kBadHeader, "seq " + std::to_string(frame.seq) + " of part " +
                                          std::to_string(frame.part) + ": seq begins at 1");
  }
  if (frame.parts > 1 && !frame.states_everything()) {
    return refuse(Reason::kBadHeader, "only keyframes and goodbyes have parts");
  }
  return {};
}

Refusal read_identity(const fb::Frame& wire, const Limits& limits, Frame& frame) {
  const fb::Identity* identity = wire.identity();
  frame.has_identity = identity != nullptr;
  if (identity == nullptr) {
    return frame.states_everything()
               ? refuse(Reason::kBadIdentity, "a keyframe or goodbye without identity")
               : Refusal{};
  }
  IdentityView& view = frame.identity;
  view.node = view_of(identity->node());
  view.service = view_of(identity->service());
  view.pid = identity->pid();
  view.pid_namespace = identity->pid_namespace();
  view.started_unix_ms = identity->started_unix_ms();
  view.client_version = view_of(identity->client_version());
  view.client_language = view_of(identity->client_language());
  view.flush_interval_ms = identity->flush_interval_ms();
  view.heartbeat_interval_ms = identity->heartbeat_interval_ms();
  view.service_label = identity->service_label();
  view.cells_file = identity->cells_file();
  view.constant_labels.clear();
  if (identity->constant_labels() != nullptr) {
    if (identity->constant_labels()->size() > limits.labels_per_series_max) {
      return refuse(Reason::kLimitExceeded,
                    std::to_string(identity->constant_labels()->size()) + " constant labels");
    }
    for (const fb::Label* label : *identity->constant_labels()) {
      view.constant_labels.push_back({view_of(label->name()), view_of(label->value())});
    }
  }

  std::string why = why_bad_entity_name("node", view.node, limits);
  if (why.empty()) {
    why = why_bad_entity_name("service", view.service, limits);
  }
  for (const std::string_view text : {view.client_version, view.client_language}) {
    if (why.empty()) {
      why = why_bad_label_value(text, limits);
    }
  }
  if (!why.empty()) {
    return refuse(Reason::kBadIdentity, why);
  }
  for (std::size_t i = 0; i < view.constant_labels.size() && why.empty(); ++i) {
    const LabelView& label = view.constant_labels[i];
    why = why_bad_label_name(label.name, limits);
    if (why.empty()) {
      why = why_bad_label_value(label.value, limits);
    }
    for (std::size_t j = 0; j < i && why.empty(); ++j) {
      if (view.constant_labels[j].name == label.name) {
        why = "constant label \"" + std::string(label.name) + "\" stands twice";
      }
    }
  }
  return why.empty() ? Refusal{} : refuse(Reason::kBadLabels, why);
}

Refusal read_family(const fb::Family& wire, const Limits& limits, FamilyView& view) {
  view.id = wire.id();
  view.name = view_of(wire.name());
  if (const std::string why = why_bad_metric_name(view.name, limits); !why.empty()) {
    return refuse(Reason::kBadName, why);
  }
  const auto refuse_family = [&](Reason reason, const std::string& why) {
    return refuse(reason, "family " + std::string(view.name) + ": " + why);
  };
  view.help = view_of(wire.help());
  if (const std::string why = why_bad_help(view.help, limits); !why.empty()) {
    return refuse_family(Reason::kBadName, why);
  }
  view.unit = view_of(wire.unit());
  if (!view.unit.empty()) {
    if (const std::string why = why_bad_label_name(view.unit, limits); !why.empty()) {
      return refuse_family(Reason::kBadName, "unit: " + why);
    }
  }
  view.group = view_of(wire.group());
  if (const std::string why = why_bad_label_value(view.group, limits); !why.empty()) {
    return refuse_family(Reason::kBadName, "group: " + why);
  }
  if (wire.type() > fb::Type::NativeHistogram || wire.origin() > fb::Origin::External ||
      wire.aggregation() > fb::Aggregation::PerInstance) {
    return refuse_family(Reason::kBadHeader, "unknown type, origin or aggregation");
  }
  view.type = static_cast<Type>(wire.type());
  view.origin = static_cast<Origin>(wire.origin());
  view.aggregation = static_cast<Aggregation>(wire.aggregation());
  view.hold_ms = wire.hold_ms();
  if (view.hold_ms > limits.hold_ms_max) {
    return refuse_family(Reason::kLimitExceeded, "hold of " + std::to_string(view.hold_ms) +
                                                     " ms, the limit is " +
                                                     std::to_string(limits.hold_ms_max));
  }

  if (wire.label_names() != nullptr && wire.label_names()->size() > limits.labels_per_series_max) {
    return refuse_family(Reason::kLimitExceeded,
                         std::to_string(wire.label_names()->size()) + " labels");
  }
  views_of(wire.label_names(), view.label_names);
  for (auto name = view.label_names.begin(); name != view.label_names.end(); ++name) {
    if (const std::string why = why_bad_label_name(*name, limits); !why.empty()) {
      return refuse_family(Reason::kBadName, why);
    }
    if (std::find(view.label_names.begin(), name, *name) != name) {
      return refuse_family(Reason::kBadLabels, "label \"" + std::string(*name) + "\" stands twice");
    }
  }

  if (any_misaligned(wire.bounds())) {
    return refuse_family(Reason::kMalformed, kMisaligned);
  }
  view.bounds = span_of(wire.bounds());
  if (view.type == Type::kHistogram) {
    if (const std::string why = why_bad_bounds(view.bounds); !why.empty()) {
      return refuse_family(Reason::kBadBounds, why);
    }
  } else if (!view.bounds.empty()) {
    return refuse_family(Reason::kBadBounds, "bucket bounds on a metric that is no histogram");
  }
  return {};
}

Refusal read_definitions(const fb::Frame& wire, const Limits& limits, Frame& frame) {
  const auto* families = wire.families();
  const std::size_t family_count = families == nullptr ? 0 : families->size();
  if (family_count > limits.families_per_publisher_max) {
    return refuse(Reason::kLimitExceeded, std::to_string(family_count) + " families");
  }
  frame.families.resize(family_count);
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto index = static_cast<flatbuffers::uoffset_t>(i);
    if (Refusal refusal = read_family(*families->Get(index), limits, frame.families[i])) {
      return refusal;
    }
    if (frame.families[i].id >= limits.families_per_publisher_max) {
      return refuse(Reason::kLimitExceeded, "family id " + std::to_string(frame.families[i].id));
    }
  }

  if (any_misaligned(wire.series_started_unix_ms())) {
    return refuse(Reason::kMalformed, kMisaligned);
  }
  frame.series_ids = span_of(wire.series_ids());
  frame.series_families = span_of(wire.series_families());
  frame.series_started_unix_ms = span_of(wire.series_started_unix_ms());
  if (frame.series_families.size() != frame.series_ids.size() ||
      frame.series_started_unix_ms.size() != frame.series_ids.size()) {
    return refuse(Reason::kBadVectors, "series ids, families and start times differ in length");
  }
  views_of(wire.series_label_values(), frame.series_label_values);
  for (const std::string_view value : frame.series_label_values) {
    if (const std::string why = why_bad_label_value(value, limits); !why.empty()) {
      return refuse(Reason::kBadLabels, why);
    }
  }
  return {};
}

// The bits of all of them: no less than any.
std::uint32_t bits_of(std::span<const std::uint32_t> ids) {
  using Lanes [[gnu::vector_size(16)]] = std::uint32_t;
  constexpr std::size_t kLanes = sizeof(Lanes) / sizeof(std::uint32_t);
  Lanes even = {};
  Lanes odd = {};
  std::size_t i = 0;
  for (Lanes some; i + 2 * kLanes <= ids.size(); i += 2 * kLanes) {
    std::memcpy(&some, ids.data() + i, sizeof some);
    even |= some;
    std::memcpy(&some, ids.data() + i + kLanes, sizeof some);
    odd |= some;
  }
  even |= odd;
  std::uint32_t bits = even[0] | even[1] | even[2] | even[3];
  for (; i < ids.size(); ++i) {
    bits |= ids[i];
  }
  return bits;
}

// No id may reach the limit. One pass per vector without a branch per element.
Refusal check_ids(std::initializer_list<std::span<const std::uint32_t>> vectors,
                  const Limits& limits) {
  std::uint32_t bits = 0;
  for (const auto ids : vectors) {
    bits |= bits_of(ids);
  }
  if (bits < limits.series_per_publisher_max) [[likely]] {
    return {};
  }
  for (const auto ids : vectors) {
    for (const std::uint32_t id : ids) {
      if (id >= limits.series_per_publisher_max) {
        return refuse(Reason::kLimitExceeded, "series id " + std::to_string(id) +
                                                  ", the limit is " +
                                                  std::to_string(limits.series_per_publisher_max));
      }
    }
  }
  return {};
}

Refusal read_totals(const fb::Frame& wire, const Limits& limits, Frame& frame) {
  if (any_misaligned(wire.counter_totals(), wire.double_totals(), wire.gauge_values(),
                     wire.histogram_sums(), wire.bucket_totals())) {
    return refuse(Reason::kMalformed, kMisaligned);
  }
  frame.counter_ids = span_of(wire.counter_ids());
  frame.counter_totals = span_of(wire.counter_totals());
  frame.double_ids = span_of(wire.double_ids());
  frame.double_totals = span_of(wire.double_totals());
  frame.gauge_ids = span_of(wire.gauge_ids());
  frame.gauge_values = span_of(wire.gauge_values());
  frame.histogram_ids = span_of(wire.histogram_ids());
  frame.histogram_sums = span_of(wire.histogram_sums());
  frame.histogram_changed = span_of(wire.histogram_changed());
  frame.bucket_indexes = span_of(wire.bucket_indexes());
  frame.bucket_totals = span_of(wire.bucket_totals());
  frame.removals = span_of(wire.removals());

  if (frame.counter_ids.size() != frame.counter_totals.size() ||
      frame.double_ids.size() != frame.double_totals.size() ||
      frame.gauge_ids.size() != frame.gauge_values.size() ||
      frame.histogram_ids.size() != frame.histogram_sums.size() ||
      frame.histogram_ids.size() != frame.histogram_changed.size() ||
      frame.bucket_indexes.size() != frame.bucket_totals.size()) {
    return refuse(Reason::kBadVectors, "ids and their totals differ in length");
  }
  std::size_t changed = 0;
  for (const std::uint16_t count : frame.histogram_changed) {
    changed += count;
  }
  if (changed != frame.bucket_indexes.size()) {
    return refuse(Reason::kBadVectors, "histograms name " + std::to_string(changed) +
                                           " buckets, the frame holds " +
                                           std::to_string(frame.bucket_indexes.size()));
  }

  // Ids past the limit could make the receiver allocate.
  if (Refusal refusal = check_ids({frame.series_ids, frame.counter_ids, frame.double_ids,
                                   frame.gauge_ids, frame.histogram_ids, frame.removals},
                                  limits)) {
    return refusal;
  }
  bool totals_valid = true;
  for (const double total : frame.double_totals) {
    totals_valid &= std::isfinite(total);
  }
  for (const double sum : frame.histogram_sums) {
    totals_valid &= std::isfinite(sum);
  }
  return totals_valid ? Refusal{} : refuse(Reason::kBadValue, "a total or sum that is not finite");
}

}  // namespace

Refusal Decoder::decode(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > limits_.frame_bytes_max) {
    return refuse(Reason::kTooLarge, std::to_string(bytes.size()) + " bytes, the limit is " +
                                         std::to_string(limits_.frame_bytes_max));
  }
  constexpr std::size_t kIdentifierEnd = 8;  // root offset, then the identifier
  if (bytes.size() < kIdentifierEnd || !fb::FrameBufferHasIdentifier(bytes.data())) {
    return refuse(Reason::kForeign, "no Weir frame (" + std::to_string(bytes.size()) +
                                        " bytes without the identifier WEIR)");
  }
  // Vectors of 64-bit numbers are used in place, so they must lie at addresses that are multiples
  // of 8.
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(std::uint64_t) != 0) {
    aligned_.resize((bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
    std::memcpy(aligned_.data(), bytes.data(), bytes.size());
    bytes = {reinterpret_cast<const std::uint8_t*>(aligned_.data()), bytes.size()};
  }
  constexpr flatbuffers::uoffset_t kDepthMax = 8;
  constexpr flatbuffers::uoffset_t kTablesMax = 100'000;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kDepthMax, kTablesMax);
  if (!fb::VerifyFrameBuffer(verifier)) {
    return refuse(Reason::kMalformed,
                  "the FlatBuffers verifier refused " + std::to_string(bytes.size()) + " bytes");
  }
  const fb::Frame& wire = *fb::GetFrame(bytes.data());
  if (Refusal refusal = read_header(wire, frame_)) {
    return refusal;
  }
  if (Refusal refusal = read_identity(wire, limits_, frame_)) {
    return refusal;
  }
  if (Refusal refusal = read_definitions(wire, limits_, frame_)) {
    return refusal;
  }
  return read_totals(wire, limits_, frame_);
}

}  // namespace weir::wire
