// What publishers have stated, read off their frames: per instance the sum of the integer counters
// and histogram buckets of each family, as of each of its last frames. The audit's own reading of
// the protocol, apart from the sidecar's.
// Single-threaded: only the thread of the audit calls this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ctl/sidecar_api.h"
#include "schemas/codec.h"
#include "schemas/instance_id.h"

namespace weir::ctl {

class InstanceLedger {
 public:
  // REQUIRES: `frame` was decoded from `bytes`, and is a publisher's.
  void take(const wire::Frame& frame, std::span<const std::uint8_t> bytes);

  // A whole keyframe has come, and no hole since.
  [[nodiscard]] bool is_known() const { return known_; }
  // As of this frame; nothing if it was not seen, or too long ago.
  [[nodiscard]] std::optional<FamilyTotals> at(std::uint64_t seq) const;
  [[nodiscard]] FamilyTotals latest() const { return named(totals_); }
  [[nodiscard]] const std::string& service() const { return service_; }

 private:
  struct Family {
    std::string name;
    bool counts = false;  // own counters and histograms
  };
  struct Series {
    std::uint32_t family = 0;
    std::uint64_t total = 0;             // of an integer counter
    std::vector<std::uint64_t> buckets;  // of a histogram
  };
  using Totals = std::vector<std::uint64_t>;  // by index of families_

  void take_part(const wire::Frame& frame, std::span<const std::uint8_t> bytes);
  void lose();
  void merge(const wire::Frame& frame);
  void define(const wire::Frame& frame);
  void remember(std::uint64_t seq);
  [[nodiscard]] FamilyTotals named(const Totals& totals) const;

  std::string service_;
  bool known_ = false;
  std::uint64_t last_seq_ = 0;
  std::vector<std::vector<std::uint8_t>> parts_;  // of a keyframe that is not whole yet
  std::unordered_map<std::uint32_t, std::size_t> family_index_;
  std::vector<Family> families_;
  std::unordered_map<std::uint32_t, Series> series_;
  Totals totals_;
  std::deque<std::pair<std::uint64_t, Totals>> history_;  // oldest first
};

class Ledgers {
 public:
  // Bytes that are no publisher's frame mean nothing.
  void take(std::span<const std::uint8_t> bytes);
  [[nodiscard]] const std::map<std::string, InstanceLedger>& by_instance() const {
    return instances_;
  }

 private:
  wire::Decoder decoder_;
  std::map<std::string, InstanceLedger> instances_;
};

}  // namespace weir::ctl
