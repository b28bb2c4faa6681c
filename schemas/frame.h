// A frame as both sides see it: plain values and views, no FlatBuffers. The codec (codec.h) turns
// it into bytes and back. Views point into the memory of whoever filled them: the decoded bytes, or
// the encoder's caller.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "schemas/instance_id.h"
#include "schemas/limits.h"

namespace weir::wire {

enum class Kind : std::uint8_t { kDelta, kKeyframe, kGoodbye, kKeyframeWanted, kRebase, kAck };
enum class Type : std::uint8_t { kCounter, kGauge, kHistogram, kNativeHistogram };
enum class Origin : std::uint8_t { kOwn, kExternal };
enum class Aggregation : std::uint8_t { kSum, kMin, kMax, kMean, kLast, kPerInstance };

struct LabelView {
  std::string_view name;
  std::string_view value;
};

struct IdentityView {
  std::string_view node;
  std::string_view service;
  std::uint32_t pid = 0;
  std::uint64_t pid_namespace = 0;
  std::int64_t started_unix_ms = 0;
  std::string_view client_version;
  std::string_view client_language;
  std::uint32_t flush_interval_ms = 0;
  std::uint32_t heartbeat_interval_ms = 0;
  std::vector<LabelView> constant_labels;
  bool service_label = true;
  bool cells_file = false;
};

struct FamilyView {
  std::uint32_t id = 0;
  std::string_view name;
  std::string_view help;
  std::string_view unit;
  Type type = Type::kCounter;
  Origin origin = Origin::kOwn;
  Aggregation aggregation = Aggregation::kSum;
  std::uint64_t hold_ms = 0;
  std::vector<std::string_view> label_names;
  std::span<const double> bounds;
  std::string_view group;
};

struct Frame {
  // Header
  Kind kind = Kind::kDelta;
  InstanceId instance;
  std::uint64_t seq = 0;
  std::int64_t sent_unix_ms = 0;
  std::uint16_t part = 0;
  std::uint16_t parts = 1;
  bool has_identity = false;
  IdentityView identity;

  // Definitions. series_*: one entry per series; label values flat, label_names.size() of its
  // family for each.
  std::vector<FamilyView> families;
  std::span<const std::uint32_t> series_ids;
  std::span<const std::uint32_t> series_families;
  std::span<const std::int64_t> series_started_unix_ms;
  std::vector<std::string_view> series_label_values;

  // Totals and values: each pair of vectors has one length.
  std::span<const std::uint32_t> counter_ids;
  std::span<const std::uint64_t> counter_totals;
  std::span<const std::uint32_t> double_ids;
  std::span<const double> double_totals;
  std::span<const std::uint32_t> gauge_ids;
  std::span<const double> gauge_values;
  std::span<const std::uint32_t> histogram_ids;
  std::span<const double> histogram_sums;
  std::span<const std::uint16_t> histogram_changed;  // sums up to the length of the two that follow
  std::span<const std::uint16_t> bucket_indexes;     // bounds.size() is the +Inf bucket
  std::span<const std::uint64_t> bucket_totals;      // per bucket, not cumulative
  std::span<const std::uint32_t> removals;

  // From a publisher: all its integer counters and histogram observations added up, as of this
  // frame. What of them never arrived, or was refused, can so be told.
  std::uint64_t increments = 0;
  bool folded = false;  // Goodbye: a sidecar read it from the cells file of a dead publisher

  // Control and Ack
  bool durable = false;
  std::string_view sender;
  std::uint32_t spread_ms = 0;  // KeyframeWanted to many: answer at a random moment within

  [[nodiscard]] bool is_from_publisher() const { return kind <= Kind::kGoodbye; }
  [[nodiscard]] bool states_everything() const {
    return kind == Kind::kKeyframe || kind == Kind::kGoodbye;
  }
};

}  // namespace weir::wire
