#include "sidecar/engine.h"

#include <malloc.h>

#include <utility>

#include "sidecar/exposition/snapshot.h"
#include "sidecar/self_metrics.h"
#include "weir/version.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kSweepIntervalMs = 10'000;
constexpr std::size_t kBurst = 10'000;  // series

LifeRules life_rules_of(const EngineOptions& options) {
  LifeRules rules = options.life;
  rules.pair = options.peers.pair;
  return rules;
}

}  // namespace

Engine::Engine(EngineOptions options, ControlSink& control, Clock clock, ProcessProbe probe,
               std::uint64_t seed, Storage* storage)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      started_unix_ms_(clock_()),
      directory_(life_rules_of(options_), registry_, std::move(probe)),
      retirement_(registry_),
      ingest_(options_.ingest, registry_, directory_, control, seed),
      control_(control),
      exchange_(options_.peers, options_.node, options_.ingest.subject_prefix,
                {registry_, directory_, retirement_, ingest_, control}, started_unix_ms_),
      recovered_(!options_.peers.pair) {
  for (const auto& [name, aggregation] : options_.aggregation_overrides) {
    registry_.override_aggregation(name, aggregation);
  }
  registry_.set_capacity(options_.capacity);
  if (storage != nullptr) {
    durable_ = std::make_unique<DurableState>(
        options_.durable, *storage,
        DurableState::Parts{registry_, directory_, retirement_, ingest_, mutex_});
  }
  self_ = std::make_unique<SelfMetrics>(registry_, options_.node, started_unix_ms_);
  if (options_.zero_first) {
    registry_.zero_first_since(started_unix_ms_);
  }
  exchange_.start_empty(true);
}

Engine::~Engine() = default;

Recovery Engine::recover() {
  if (durable_ == nullptr) {
    return {};
  }
  const std::int64_t now = clock_();
  if (options_.zero_first) {
    registry_.zero_first_since(INT64_MIN);  // what is restored says itself whether it was shown
  }
  recovery_ = durable_->recover(now);
  if (options_.zero_first && !recovery_.proven) {
    // Otherwise whatever is not among what was restored has never been shown.
    registry_.zero_first_since(started_unix_ms_);
  }
  const std::lock_guard lock(mutex_);
  recovered_ = false;
  exchange_.start_empty(!recovery_.proven);
  check_recovery(now);
  return recovery_;
}

bool Engine::receive(std::span<const Incoming> coming) {
  const Incoming& first = coming.front();
  const std::int64_t now = clock_();
  bool accepted = false;
  bool final = false;
  {
    const std::lock_guard lock(mutex_);
    look_ahead(coming, directory_);
    if (exchange_.is_mine(first.subject)) {
      return exchange_.receive(first.bytes, now);
    }
    accepted = ingest_.receive(first.subject, first.reply, first.bytes, now);
    final = ingest_.has_finals();
  }
  if (final && wake_) {
    wake_();
  }
  return accepted;
}

bool Engine::commit() {
  return durable_ == nullptr || durable_->commit();
}

void Engine::keep() {
  if (durable_ != nullptr) {
    durable_->checkpoint_when_due(clock_());
  }
}

void Engine::exchange() {
  constexpr std::size_t kStepBytes = 4u << 20;
  std::optional<Bytes> base;
  {
    const std::lock_guard lock(mutex_);
    if (!exchange_.has_work()) {
      return;
    }
    base = exchange_.take_base();
  }
  if (base) {
    take_base(*base);
  }
  std::optional<DurableState::Exposure> exposure;
  if (durable_ != nullptr) {
    exposure.emplace(*durable_);
  }
  std::vector<Bytes> messages;
  {
    const std::lock_guard lock(mutex_);
    if (exposure) {
      exposure->collect(false);
    }
    messages = exchange_.compose(kStepBytes);
  }
  if (exposure) {
    exposure->write();  // before others build on it
    exposure.reset();
  }
  for (const Bytes& message : messages) {
    control_.send(exchange_.subject(), message);
  }
}

void Engine::take_base(const Bytes& base) {
  const std::int64_t now = clock_();
  std::string why;
  BaseOutcome outcome = BaseOutcome::kNotNeeded;
  if (durable_ != nullptr) {
    outcome = durable_->take_base(base, now, why);
  } else {
    const std::lock_guard lock(mutex_);
    outcome = take_over_base(base, now, ingest_.definition_rules(),
                             {registry_, directory_, retirement_}, why);
  }
  const std::lock_guard lock(mutex_);
  exchange_.base_ended(outcome, why);
}

std::size_t Engine::peer_count() const {
  const std::lock_guard lock(mutex_);
  return exchange_.peer_count();
}

std::string Engine::peer_warning() const {
  const std::lock_guard lock(mutex_);
  return exchange_.warning();
}

void Engine::part() {
  const std::lock_guard lock(mutex_);
  exchange_.leave();
}

void Engine::leave() {
  if (durable_ != nullptr) {
    durable_->checkpoint(clock_(), true);
  }
}

std::size_t Engine::count_awaited() const {
  std::size_t awaited = 0;
  directory_.for_each([&](const Instance& instance) {
    awaited += instance.restored && !instance.ended && instance.identified ? 1 : 0;
  });
  return awaited;
}

void Engine::check_recovery(std::int64_t now_unix_ms) {
  if (recovered_) {
    return;
  }
  // What was damaged does not say whom to wait for.
  const bool some_missing =
      recovery_.damaged || count_awaited() > 0 || exchange_.awaits_answer(now_unix_ms);
  if (now_unix_ms - started_unix_ms_ < options_.recovery_timeout_ms && some_missing) {
    return;
  }
  recovered_ = true;
  if (recovery_.found && !recovery_.proven) {
    restart_what_may_be_missing(now_unix_ms);
  }
  if (durable_ != nullptr) {
    durable_->settle();
  }
}

// A value below the last one shown would be read as a reset, and counted whole once more. One that
// begins at 0 costs nothing.
void Engine::restart_what_may_be_missing(std::int64_t now_unix_ms) {
  const auto restart = [&](std::uint32_t index) {
    if (!registry_.family(registry_.series(index).family).is_reading()) {
      registry_.restart(index, now_unix_ms);
      ++series_restarted_;
    }
  };
  if (recovery_.damaged || recovery_.behind) {
    // Publishers and series of which nothing is left may have been a part of any sum.
    registry_.for_each_series(restart);
    return;
  }
  directory_.for_each([&](const Instance& instance) {
    if (instance.restored) {  // also if it has proved to be dead meanwhile
      for (const std::uint32_t index : instance.series) {
        if (index != kNone) {
          restart(index);
        }
      }
    }
  });
}

void Engine::tick(std::int64_t behind_ms) {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  ingest_.tick(now);
  directory_.tick(now - behind_ms);
  exchange_.tick(now);
  check_recovery(now);
  if (durable_ == nullptr) {
    directory_.drop_finished(now, [&](Instance& one) { retirement_.take(one); });
  }
  if (now - swept_unix_ms_ < kSweepIntervalMs) {
    return;
  }
  swept_unix_ms_ = now;
  const std::size_t freed =
      registry_.expire(now, options_.series_ttl_ms, options_.retired_ttl_ms,
                       [&](std::uint32_t series) { retirement_.forget(series); });
  if (freed >= kBurst) {
    ::malloc_trim(0);  // the allocator would keep it
  }
}

void Engine::set_link(const LinkStatus& link) {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  link_ = link;
  directory_.set_connected(link.connected, now);
  exchange_.set_connected(link.connected, now);
}

std::size_t Engine::living_publishers() const {
  const std::lock_guard lock(mutex_);
  return directory_.living();
}

weir::Registry& Engine::self_registry() {
  return self_->registry();
}

std::unique_ptr<Page> Engine::page(Format format, const Selection& selection, Encoding encoding) {
  self_->read_process();
  Snapshot snapshot;
  std::optional<DurableState::Exposure> exposure;
  if (durable_ != nullptr) {
    exposure.emplace(*durable_);
  }
  {
    const std::int64_t now = clock_();
    const std::lock_guard lock(mutex_);
    self_->publish({ingest_.counts(), link_, directory_, registry_.series_count(),
                    registry_.family_count(), degraded().size(), durable_status(), cells_,
                    series_restarted_, exchange_.peer_count(), exchange_.counts()},
                   now);
    if (exposure) {
      exposure->collect(selection.from_scraper);
    }
    snapshot =
        take_snapshot(registry_, selection, {now, options_.series_ttl_ms, options_.render.created});
  }
  if (exposure) {
    exposure->write();  // before the answer leaves
    exposure.reset();
  }
  if (encoding == Encoding::kGzip) {
    return gzip_cache_.page(snapshot, format, options_.render, selection.everything());
  }
  return text_page(std::move(snapshot), format, options_.render);
}

std::string Engine::metrics(Format format, const Selection& selection) {
  return whole(*page(format, selection, Encoding::kIdentity));
}

void Engine::scraped(double seconds, std::size_t bytes) {
  self_->scraped(seconds, bytes);
}

std::vector<std::string> Engine::degraded() const {
  std::vector<std::string> reasons;
  if (!link_.connected) {
    reasons.push_back("no connection to NATS at " + link_.url +
                      (link_.last_error.empty() ? "" : ": " + link_.last_error));
  }
  if (const DurableStatus durable = durable_status(); durable.broken) {
    reasons.push_back("the state is kept in memory only: " + durable.reason);
  }
  if (std::string warning = exchange_.warning(); !warning.empty()) {
    reasons.push_back(std::move(warning));
  }
  if (recovery_.damaged) {
    reasons.push_back("a part of the stored state could not be read: " +
                      (recovery_.notes.empty() ? "" : recovery_.notes.front()));
  }
  return reasons;
}

DurableStatus Engine::durable_status() const {
  return durable_ == nullptr ? DurableStatus{} : durable_->status();
}

std::string Engine::recovery_in_words() const {
  if (!recovered_ && count_awaited() == 0) {
    return "waiting for what another sidecar of this node knows";
  }
  if (durable_ == nullptr && recovered_) {
    return "nothing is kept on disk: the living publishers are asked for their totals, those of "
           "ended ones begin again";
  }
  if (!recovered_) {
    return "waiting for " + std::to_string(count_awaited()) + " of " +
           std::to_string(directory_.living()) + " publishers to say what they have counted";
  }
  return recovery_.found ? "done" : "done: there was no stored state";
}

StatusReport Engine::status() const {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  const FrameCounts& counts = ingest_.counts();
  StatusReport report;
  report.version = WEIR_VERSION;
  report.revision = WEIR_REVISION;
  report.node = options_.node;
  report.started_unix_ms = started_unix_ms_;
  report.now_unix_ms = now;
  report.nats_connected = link_.connected;
  report.nats_url = link_.url;
  report.nats_embedded = link_.embedded;
  report.nats_reconnects = link_.reconnects;
  report.nats_last_error = link_.last_error;
  const DurableStatus durable = durable_status();
  report.recovered = recovered_;
  report.recovery = recovery_in_words();
  report.state_dir = options_.state_dir;
  report.state_durable = durable_ != nullptr && !durable.broken;
  report.state_error = durable.reason;
  report.state_bytes_written = durable.bytes_written;
  report.checkpoint_unix_ms = durable.checkpoint_unix_ms;
  report.recovery_notes = recovery_.notes;
  report.pair = options_.peers.pair;
  report.peers = exchange_.peers();
  report.peer_messages_refused = exchange_.counts().refused;
  report.peer_last_refusal = exchange_.counts().last_refusal;
  report.families = registry_.family_count();
  report.series = registry_.series_count();
  report.frames_applied = counts.applied;
  report.frames_duplicate = counts.duplicate;
  report.frames_refused = counts.refused_total();
  report.degraded = degraded();
  return report;
}

std::vector<PublisherInfo> Engine::publishers() const {
  const std::lock_guard lock(mutex_);
  return directory_.list();
}

std::vector<ServiceInfo> Engine::services() const {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  return directory_.services().list(now);
}

std::vector<RefusalInfo> Engine::refusals() const {
  const std::lock_guard lock(mutex_);
  return {ingest_.refusals().begin(), ingest_.refusals().end()};
}

TotalsReport Engine::totals() const {
  const std::lock_guard lock(mutex_);
  return take_totals(registry_, directory_, retirement_);
}

}  // namespace weir::sidecar
