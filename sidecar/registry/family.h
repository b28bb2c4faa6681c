// What the registry holds: families, their series, and the values. Plain data; registry.h keeps the
// invariants.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.h"
#include "sidecar/registry/bucket_layout.h"
#include "sidecar/registry/exact_sum.h"
#include "sidecar/registry/labels.h"
#include "sidecar/registry/row_block.h"

namespace weir::sidecar {

inline constexpr std::uint32_t kNone = 0xffffffff;

// Whoever states readings: an instance. Read when gauges are aggregated.
struct Contributor {
  std::int64_t started_unix_ms = 0;
  bool withdrawn = false;  // silent for longer than gauge_ttl: its readings are not shown
};

// One publisher's value of a gauge or external counter; the readings of a series form a list.
struct Reading {
  union {
    double number = 0;
    std::uint64_t integer;
  };
  bool is_integer = false;
  bool stated = false;  // a value has arrived
  bool hidden = false;  // removed by its publisher
  const Contributor* contributor = nullptr;
  std::int64_t held_until_unix_ms = 0;  // set when a publisher with `hold` has exited
  std::uint32_t series = kNone;
  std::uint32_t next = kNone;
};

struct HistogramValue {
  std::shared_ptr<const BucketLayout> layout;
  std::span<std::uint64_t> buckets;  // not cumulative; the last is +Inf. Registry's BucketRuns
  std::uint64_t count = 0;           // of all buckets: while it does not wrap, none of them does
  ExactSum sum;
};

// The same, away from the registry.
struct HistogramCopy {
  std::shared_ptr<const BucketLayout> layout;
  std::vector<std::uint64_t> buckets;
  std::uint64_t count = 0;
  ExactSum sum;
};

// A series that was restarted openly: what it had counted by then.
struct Offset {
  std::uint64_t counter = 0;
  ExactSum doubles;
  std::vector<std::uint64_t> buckets;  // in the layout, not cumulative
  std::shared_ptr<const BucketLayout> layout;
  ExactSum sum;
};

// What every page reads of a series, apart from the rest: a scrape walks these alone.
struct SeriesRow {
  std::uint32_t family = kNone;
  std::uint32_t place = kNone;    // of its label text: block of the family, and row
  std::uint32_t counter = kNone;  // index of its integer counter
  std::uint32_t shown_by = 0;     // living publishers that show it
  bool has_doubles = false;       // it counts in doubles, too
  bool zero_pending =
      false;  // the next scrape shows 0, so that increase() sees the first increment
};

struct SeriesRest {
  static constexpr std::uint32_t kServiceMax = 0x7fffffff;
  std::uint32_t double_counter = kNone;  // index of its double counter
  union {
    std::uint32_t histogram = kNone;  // index of its histogram,
    std::uint32_t readings;           // or first reading: as Family::is_reading() says
  };
  std::uint32_t referenced_by = 0;  // instance tables that point here, living or remembered
  std::uint32_t service : 31 = 0;   // Registry::service_of
  std::uint32_t removed : 1 = 0;    // by the last one that showed it: not shown meanwhile
  std::int64_t started_unix_ms = 0;
  std::int64_t left_unix_ms = 0;  // when the last publisher that showed it did so no longer
};

struct Series : SeriesRow, SeriesRest {};

// Families of one name and different definitions live side by side; one of them is shown
// (Registry::winner_of).
struct Family {
  std::string name;
  std::string help;
  std::string unit;
  std::string group;
  wire::Type type = wire::Type::kCounter;
  wire::Origin origin = wire::Origin::kOwn;
  wire::Aggregation declared_aggregation = wire::Aggregation::kSum;
  wire::Aggregation aggregation = wire::Aggregation::kSum;  // in force: the configuration wins
  std::uint64_t hold_ms = 0;
  // As it was announced last: an instance that announces the same has no names of its own.
  std::shared_ptr<const LabelNames> label_names;
  std::uint32_t publishers = 0;                   // living instances that define it
  std::int64_t newest_start_unix_ms = 0;          // the newest instance that defined it
  std::vector<std::shared_ptr<RowBlock>> blocks;  // its series in order of appearance
  std::size_t series_count = 0;

  // Histograms: the bounds in force per service, and the start of the instance that set them.
  struct Layout {
    std::shared_ptr<const BucketLayout> layout;
    std::int64_t set_by_start_unix_ms = 0;
  };
  std::map<std::string, Layout, std::less<>> layouts;

  [[nodiscard]] bool is_reading() const {
    return type == wire::Type::kGauge || origin == wire::Origin::kExternal;
  }
};

}  // namespace weir::sidecar
