#include "ctl/ledger.h"

#include <algorithm>

namespace weir::ctl {
namespace {

constexpr std::size_t kHistoryMax = 64;  // frames: more than a second of the shortest interval used
constexpr std::size_t kInstancesMax = 50'000;

}  // namespace

void InstanceLedger::take(const wire::Frame& frame, std::span<const std::uint8_t> bytes) {
  if (frame.seq <= last_seq_) {
    return;
  }
  const bool hole = last_seq_ != 0 && frame.seq != last_seq_ + 1;
  last_seq_ = frame.seq;
  if (frame.has_identity) {
    service_ = frame.identity.service;
  }
  if (hole) {
    lose();
  }
  if (frame.parts > 1) {
    take_part(frame, bytes);
  } else {
    parts_.clear();
    if (frame.states_everything() && !known_) {
      lose();
      known_ = true;
    }
    if (known_) {
      merge(frame);
    }
  }
  if (known_) {
    remember(frame.seq);
  }
}

// A receiver merges nothing of a split keyframe before it is whole: as of the parts before the last
// one the totals are what they were.
void InstanceLedger::take_part(const wire::Frame& frame, std::span<const std::uint8_t> bytes) {
  if (frame.part == 0) {
    parts_.clear();
  }
  if (frame.part != parts_.size()) {
    lose();
    return;
  }
  parts_.emplace_back(bytes.begin(), bytes.end());
  if (parts_.size() < frame.parts) {
    return;
  }
  const std::vector<std::vector<std::uint8_t>> whole = std::exchange(parts_, {});
  if (!known_) {
    lose();
    known_ = true;
  }
  wire::Decoder decoder;
  for (const std::vector<std::uint8_t>& part : whole) {
    if (!decoder.decode(part)) {
      merge(decoder.frame());
    }
  }
}

void InstanceLedger::lose() {
  known_ = false;
  parts_.clear();
  family_index_.clear();
  families_.clear();
  series_.clear();
  totals_.clear();
  history_.clear();
}

void InstanceLedger::define(const wire::Frame& frame) {
  for (const wire::FamilyView& family : frame.families) {
    const auto [at, is_new] = family_index_.try_emplace(family.id, families_.size());
    if (is_new) {
      const bool counts =
          family.origin == wire::Origin::kOwn &&
          (family.type == wire::Type::kCounter || family.type == wire::Type::kHistogram);
      families_.push_back({std::string(family.name), counts});
      totals_.push_back(0);
    }
  }
  for (std::size_t i = 0; i < frame.series_ids.size(); ++i) {
    series_.try_emplace(frame.series_ids[i], Series{.family = frame.series_families[i]});
  }
}

void InstanceLedger::merge(const wire::Frame& frame) {
  define(frame);
  const auto counted = [&](std::uint32_t id) -> std::pair<Series*, std::uint64_t*> {
    const auto series = series_.find(id);
    if (series == series_.end()) {
      return {nullptr, nullptr};
    }
    const auto family = family_index_.find(series->second.family);
    if (family == family_index_.end() || !families_[family->second].counts) {
      return {nullptr, nullptr};
    }
    return {&series->second, &totals_[family->second]};
  };
  for (std::size_t i = 0; i < frame.counter_ids.size(); ++i) {
    if (const auto [series, total] = counted(frame.counter_ids[i]); series != nullptr) {
      *total += frame.counter_totals[i] - series->total;
      series->total = frame.counter_totals[i];
    }
  }
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < frame.histogram_ids.size(); ++i) {
    const auto [series, total] = counted(frame.histogram_ids[i]);
    for (std::size_t n = 0; n < frame.histogram_changed[i]; ++n, ++bucket) {
      if (series == nullptr) {
        continue;
      }
      const std::size_t index = frame.bucket_indexes[bucket];
      series->buckets.resize(std::max(series->buckets.size(), index + 1));
      *total += frame.bucket_totals[bucket] - series->buckets[index];
      series->buckets[index] = frame.bucket_totals[bucket];
    }
  }
}

void InstanceLedger::remember(std::uint64_t seq) {
  history_.emplace_back(seq, totals_);
  if (history_.size() > kHistoryMax) {
    history_.pop_front();
  }
}

std::optional<FamilyTotals> InstanceLedger::at(std::uint64_t seq) const {
  const auto found = std::find_if(history_.begin(), history_.end(),
                                  [seq](const auto& entry) { return entry.first == seq; });
  return found == history_.end() ? std::nullopt : std::optional(named(found->second));
}

// A family that was announced since then counts 0 then.
FamilyTotals InstanceLedger::named(const Totals& totals) const {
  FamilyTotals out;
  for (std::size_t i = 0; i < totals.size(); ++i) {
    if (families_[i].counts) {
      out[families_[i].name] += totals[i];
    }
  }
  return out;
}

void Ledgers::take(std::span<const std::uint8_t> bytes) {
  if (decoder_.decode(bytes) || !decoder_.frame().is_from_publisher()) {
    return;
  }
  const wire::Frame& frame = decoder_.frame();
  const std::string instance = frame.instance.to_string();
  auto known = instances_.find(instance);
  if (known == instances_.end()) {
    if (instances_.size() >= kInstancesMax) {
      return;
    }
    known = instances_.emplace(instance, InstanceLedger{}).first;
  }
  known->second.take(frame, bytes);
}

}  // namespace weir::ctl
