// Instances as records: a small head and a frame with as much of definitions and totals as is asked
// for. restore.h is the reverse. Single-threaded: under the engine's lock.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/codec.h"
#include "sidecar/publishers/family_ids.h"
#include "sidecar/publishers/instance.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/record.h"

namespace weir::sidecar {

class StatementWriter {
 public:
  // `record_bytes`: about how large a record may become before another one begins.
  explicit StatementWriter(const Registry& registry, std::size_t record_bytes = 128u << 10)
      : registry_(registry), record_bytes_(record_bytes) {}

  // Local ids of families and series; what was refused has no definition and is left out.
  // `totals_follow`: how it ended is left to the last record of those.
  void definitions(const Instance& instance, bool identity, std::span<const std::uint32_t> families,
                   std::span<const std::uint32_t> series, Bytes& out, bool totals_follow = false);
  void all_definitions(const Instance& instance, Bytes& out);
  // Own counters and histograms. Readings are not kept: who made them makes new ones.
  // Those that moved since the last time, until `out` has about `enough` bytes. The answer is where
  // to go on (Unwritten::take_moved()); only the last record says how it ended.
  std::uint32_t moved_totals(Instance& instance, std::uint32_t from, std::size_t enough,
                             Bytes& out);
  void all_totals(const Instance& instance, Bytes& out);
  // All of them, a step at a time: until `out` has about `enough` bytes. The answer is where to go
  // on, or Unwritten::kAllTaken. Who has ended, and counted after the first step, is not said to
  // have.
  std::uint32_t some_totals(const Instance& instance, std::uint32_t from, std::size_t enough,
                            Bytes& out);
  std::uint32_t retired_totals(const Retirement::Retired& retired, std::uint32_t from,
                               std::size_t enough, Bytes& out);

 private:
  void add_family(const Instance& instance, std::uint32_t id);
  // Those that are defined.
  [[nodiscard]] std::vector<std::uint32_t> in_order_of_rows(
      const Instance& instance, std::span<const std::uint32_t> ids) const;
  void add_series(const Instance& instance, const FamilyIds& ids, std::uint32_t id,
                  RowBlock::Cursor& cursor);
  void add_total(const Instance& instance, std::uint32_t id);
  void begin(const Instance& instance);
  // `more_follows`: another record of this statement does.
  void emit(const Instance& instance, Bytes& out, bool more_follows = false);
  void emit_if_large(const Instance& instance, Bytes& out, bool more_follows = false);

  const Registry& registry_;
  const std::size_t record_bytes_;
  std::size_t bytes_ = 0;  // of the frame so far, about
  wire::Encoder encoder_;
  wire::Frame frame_;
  Bytes content_;

  // What the frame's views lead to, reused from one to the next.
  std::vector<std::uint32_t> series_ids_, series_families_, removals_;
  std::vector<std::int64_t> series_started_;
  std::vector<std::string> texts_;
  std::vector<std::uint32_t> counter_ids_, double_ids_, gauge_ids_, histogram_ids_;
  std::vector<std::uint64_t> counter_totals_, bucket_totals_;
  std::vector<double> double_totals_, gauge_values_, histogram_sums_;
  std::vector<std::uint16_t> histogram_changed_, bucket_indexes_;
};

}  // namespace weir::sidecar
