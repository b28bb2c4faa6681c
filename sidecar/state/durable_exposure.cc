// What a scrape shows, in the journal before the answer leaves. All the definitions of that moment
// are collected at once; totals step by step, so that ingest does not wait for all of them, nor do
// they stand in memory together. Those of a later step may be higher than what is shown: that is as
// good.
#include <utility>

#include "schemas/mutant.h"
#include "sidecar/state/durable_state.h"
#include "sidecar/state/service_record.h"

namespace weir::sidecar {

void DurableState::Exposure::collect(bool from_scraper) {
  if (mutant::lacks(mutant::Rule::kWrittenBeforeShown) || state_.status().broken) {
    return;
  }
  state_.parts_.directory.for_each([&](Instance& instance) {
    if (instance.identified && instance.unwritten.any()) {
      sync_ |= state_.collect_defined(instance, records_);
      moved_.push_back(&instance);
    }
  });
  if (from_scraper && state_.parts_.registry.any_unshown()) {
    append_record(records_, RecordKind::kScraped, {});
  }
  collect_totals();
  if (const std::uint64_t version = state_.parts_.directory.version();
      std::exchange(state_.services_version_, version) != version) {
    append_services(tail_, state_.parts_.directory.services());
  }
  if (state_.parts_.registry.take_offsets_changed()) {
    state_.collect_offsets(tail_);
  }
}

void DurableState::Exposure::collect_totals() {
  const std::size_t enough = records_.size() + state_.options_.journal_step_bytes;
  while (!moved_.empty() && records_.size() < enough) {
    Instance& instance = *moved_.back();
    sync_ |= state_.collect_defined(instance, records_);  // what was announced since
    next_moved_id_ = state_.writer_.moved_totals(instance, next_moved_id_, enough, records_);
    if (next_moved_id_ == Unwritten::kAllTaken) {
      moved_.pop_back();
      next_moved_id_ = 0;
    }
  }
}

void DurableState::Exposure::write() {
  while (!moved_.empty()) {
    if (!state_.append(records_)) {
      return;
    }
    records_.clear();
    const std::lock_guard engine(state_.parts_.engine);
    collect_totals();
  }
  records_.insert(records_.end(), tail_.begin(), tail_.end());
  if (records_.empty() || !state_.append(records_) || !sync_) {
    return;
  }
  if (const Status synced = state_.journal_->file()->sync(); !synced.ok()) {
    state_.broke(synced);
  }
}

}  // namespace weir::sidecar
