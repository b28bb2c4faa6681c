// What a scrape shows, in the journal before the answer leaves: step by step, so that ingest does
// not wait for all of it, nor does it stand in memory together. What a later step writes may be
// more than what is shown: that is as good.
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
      moved_.push_back(&instance);
    }
  });
  collect_step();
  if (const std::uint64_t version = state_.parts_.directory.version();
      std::exchange(state_.services_version_, version) != version) {
    append_services(tail_, state_.parts_.directory.services());
  }
  if (registry.take_offsets_changed()) {
    state_.collect_offsets(tail_);
  }
}

void DurableState::Exposure::collect_step() {
  const std::size_t enough = state_.options_.step_bytes;
  while (!moved_.empty() && records_.size() < enough) {
    Instance& instance = *moved_.back();
    if (!state_.collect_defined(instance, enough, records_)) {
      return;
    }
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
    collect_step();
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
