// What a scrape shows, in the journal before the answer leaves. All the definitions of that moment
// are collected at once; totals step by step, so that ingest does not wait for all of them, nor do
// they stand in memory together. Those of a later step may be higher than what is shown: that is as
// good.
#include <utility>

#include "schemas/mutant.h"
#include "sidecar/state/durable_state.h"
#include "sidecar/state/service_record.h"

namespace weir::sidecar {

DurableState::Exposure::~Exposure() {
  if (collected_) {
    state_.broke(Status::error("what a scrape shows was not written: it was cut short"));
  }
}

void DurableState::Exposure::collect(bool from_scraper) {
  if (mutant::lacks(mutant::Rule::kWrittenBeforeShown) || !state_.journaling_) {
    return;
  }
  Registry& registry = state_.parts_.registry;
  collected_ = true;
  from_scraper_ = from_scraper;
  zeros_taken_ = registry.zeros_taken();
  state_.parts_.directory.for_each([&](Instance& instance) {
    if (instance.identified && instance.unwritten.any()) {
      state_.untold_ += state_.collect_defined(instance, records_) ? 1 : 0;
      moved_.push_back(&instance);
    }
  });
  collect_totals();
  if (const std::uint64_t version = state_.parts_.directory.version();
      std::exchange(state_.services_version_, version) != version) {
    append_services(tail_, state_.parts_.directory.services());
  }
  if (registry.take_offsets_changed()) {
    state_.collect_offsets(tail_);
  }
}

void DurableState::Exposure::collect_totals() {
  const std::size_t enough = records_.size() + state_.options_.journal_step_bytes;
  while (!moved_.empty() && records_.size() < enough) {
    Instance& instance = *moved_.back();
    // What was announced since.
    state_.untold_ += state_.collect_defined(instance, records_) ? 1 : 0;
    next_moved_id_ = state_.writer_.moved_totals(instance, next_moved_id_, enough, records_);
    if (next_moved_id_ == Unwritten::kAllTaken) {
      moved_.pop_back();
      next_moved_id_ = 0;
    }
  }
}

// What is defined in the journal counts as never shown until it is said that it was.
void DurableState::Exposure::collect_tail() {
  records_.insert(records_.end(), tail_.begin(), tail_.end());
  if (!from_scraper_) {
    return;
  }
  const std::lock_guard engine(state_.parts_.engine);
  if (std::exchange(state_.defined_, false) ||
      state_.parts_.registry.zeros_taken() != zeros_taken_) {
    append_record(records_, RecordKind::kScraped, {});
    state_.collect_unshown(records_);
  }
}

void DurableState::Exposure::write() {
  if (collected_) {
    write_all();
    collected_ = false;
  }
  if (state_.status().broken) {
    state_.say_behind();  // if it could not be said before
  }
}

void DurableState::Exposure::write_all() {
  while (!moved_.empty()) {
    if (!state_.append(records_)) {
      return;
    }
    records_.clear();
    const std::lock_guard engine(state_.parts_.engine);
    collect_totals();
  }
  collect_tail();
  if (!records_.empty() && !state_.append(records_)) {
    return;
  }
  if (state_.untold_synced_ == state_.untold_) {
    return;
  }
  if (const Status synced = state_.journal_->file()->sync(); !synced.ok()) {
    state_.broke(synced);
  }
  state_.untold_synced_ = state_.untold_;
}

}  // namespace weir::sidecar
