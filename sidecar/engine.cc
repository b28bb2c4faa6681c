#include "sidecar/engine.h"

#include <utility>

#include "sidecar/exposition/snapshot.h"
#include "sidecar/self_metrics.h"
#include "weir/version.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kSweepIntervalMs = 10'000;

}  // namespace

Engine::Engine(EngineOptions options, ControlSink& control, Clock clock, ProcessProbe probe,
               std::uint64_t seed)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      started_unix_ms_(clock_()),
      directory_(options_.life, registry_, std::move(probe)),
      ingest_(options_.ingest, registry_, directory_, control, seed) {
  for (const auto& [name, aggregation] : options_.aggregation_overrides) {
    registry_.override_aggregation(name, aggregation);
  }
  registry_.set_capacity(options_.capacity);
  self_ = std::make_unique<SelfMetrics>(registry_, options_.node, started_unix_ms_);
  if (options_.zero_first) {
    registry_.zero_first_since(started_unix_ms_);
  }
}

Engine::~Engine() = default;

void Engine::receive(std::string_view subject, std::string_view reply,
                     std::span<const std::uint8_t> bytes) {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  ingest_.receive(subject, reply, bytes, now);
}

void Engine::tick() {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  ingest_.tick(now);
  directory_.tick(now);
  if (now - swept_unix_ms_ < kSweepIntervalMs) {
    return;
  }
  const std::unique_lock texts(texts_, std::try_to_lock);
  if (texts.owns_lock()) {
    swept_unix_ms_ = now;
    registry_.expire(now, options_.series_ttl_ms, options_.retired_ttl_ms);
  }
}

void Engine::set_link(const LinkStatus& link) {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  link_ = link;
  directory_.set_connected(link.connected, now);
}

weir::Registry& Engine::self_registry() {
  return self_->registry();
}

std::string Engine::metrics(Format format, const Selection& selection) {
  self_->read_process();
  Snapshot snapshot;
  std::shared_lock<std::shared_mutex> texts;
  {
    const std::int64_t now = clock_();
    const std::lock_guard lock(mutex_);
    self_->publish({ingest_.counts(), link_, directory_, registry_.series_count(),
                    registry_.family_count(), degraded().size()},
                   now);
    snapshot = take_snapshot(registry_, selection, {now, options_.series_ttl_ms});
    texts = std::shared_lock(texts_);
  }
  return render(snapshot, format, options_.render);
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
  return reasons;
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
  report.recovered = true;
  report.recovery =
      "nothing is kept on disk: the living publishers are asked for their totals, those of ended "
      "ones begin again";
  report.state_dir = "none";
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

}  // namespace weir::sidecar
