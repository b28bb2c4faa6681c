#include "sidecar/self_metrics.h"

#include <unistd.h>

#include <array>
#include <vector>

#include "client_lib/src/frame_source.h"
#include "sidecar/engine.h"
#include "weir/version.h"

namespace weir::sidecar {
namespace {

constexpr std::string_view kService = "weir-sidecar";
constexpr std::size_t kFrameBytesMax = 4u << 20;

// Frames of this process for this process: nobody to answer.
class NoControl final : public ControlSink {
 public:
  void send(std::string_view, std::span<const std::uint8_t>) override {}
};

weir::RegistryOptions own_registry_options() {
  weir::RegistryOptions options;
  options.own_labels = true;
  options.cells_dir = "none";  // its totals are the sidecar's to keep, not to find
  return options;
}

PublisherIdentity identity_of(const std::string& node, std::int64_t started_unix_ms) {
  PublisherIdentity identity;
  identity.node = node;
  identity.service = kService;
  identity.pid = static_cast<std::uint32_t>(getpid());
  identity.started_unix_ms = started_unix_ms;
  identity.service_label = false;
  return identity;
}

IngestRules own_ingest_rules() {
  IngestRules rules;
  rules.definitions.reserved_names = true;
  rules.definitions.limits.own_labels = true;
  return rules;
}

// Metrics of a struct that someone else counts in (FrameCounts): stated, not counted again.
weir::ExternalCounter external(weir::Registry& registry, const char* name, const char* help) {
  return *registry.external_counter({.name = name, .help = help});
}
weir::Gauge gauge(weir::Registry& registry, const char* name, const char* help) {
  return *registry.gauge({.name = name, .help = help});
}

// Of the living: what a frame under way, or a lost one, has not brought yet.
double in_flight(const Directory& directory) {
  std::uint64_t sum = 0;
  directory.for_each([&](const Instance& instance) {
    if (!instance.ended) {
      sum +=
          instance.increments_published - instance.increments_applied - instance.increments_refused;
    }
  });
  return static_cast<double>(sum);
}

constexpr std::array kStates = {InstanceState::kStarting, InstanceState::kUp,
                                InstanceState::kExited, InstanceState::kLost,
                                InstanceState::kCrashed};

}  // namespace

struct SelfMetrics::Metrics {
  explicit Metrics(weir::Registry& registry)
      : frames(
            *registry.external_counter_family({.name = "weir_sidecar_frames_total",
                                               .help = "Frames received, by what became of them.",
                                               .labels = {"outcome"}})),
        refused(*registry.external_counter_family({.name = "weir_sidecar_frames_refused_total",
                                                   .help = "Frames refused whole, by the reason.",
                                                   .labels = {"reason"}})),
        odd_samples(*registry.external_counter_family(
            {.name = "weir_sidecar_samples_refused_total",
             .help = "Samples of accepted frames that were not merged, by the reason.",
             .labels = {"reason"}})),
        publishers(*registry.gauge_family({.name = "weir_sidecar_publishers",
                                           .help = "Publisher instances known, by state.",
                                           .labels = {"state"}})),
        frame_bytes(
            external(registry, "weir_sidecar_frame_bytes_total", "Bytes of frames received.")),
        samples(external(registry, "weir_sidecar_samples_total", "Samples merged.")),
        gaps(external(registry, "weir_sidecar_gaps_total",
                      "Holes seen in publishers' frame sequences.")),
        keyframes_asked(external(registry, "weir_sidecar_keyframes_asked_total",
                                 "Keyframes asked of publishers.")),
        rebases(external(registry, "weir_sidecar_rebases_total",
                         "Publishers that came back after they were forgotten.")),
        refused_series(external(registry, "weir_sidecar_series_refused_total",
                                "Series announced by publishers that were refused.")),
        shed(external(registry, "weir_sidecar_frames_shed_total",
                      "Frames dropped because ingest could not keep up; their totals come again.")),
        reconnects(external(registry, "weir_sidecar_nats_reconnects_total",
                            "Times the connection to NATS was made again.")),
        increments_published(external(registry, "weir_sidecar_increments_published_total",
                                      "Counts and observations that publishers say they made.")),
        increments_applied(external(registry, "weir_sidecar_increments_applied_total",
                                    "Counts and observations merged.")),
        increments_refused(external(registry, "weir_sidecar_increments_refused_total",
                                    "Counts and observations of refused series.")),
        without_goodbye(external(registry, "weir_sidecar_instances_ended_without_goodbye_total",
                                 "Publishers that ended without a goodbye, crashed or lost.")),
        folded(external(registry, "weir_sidecar_cells_folded_total",
                        "Cells files of dead publishers whose last totals were merged.")),
        cells_refused(external(registry, "weir_sidecar_cells_refused_total",
                               "Cells files that were set aside, because they could not be read.")),
        state_bytes(external(registry, "weir_sidecar_state_bytes_written_total",
                             "Bytes written to the state directory.")),
        state_errors(external(registry, "weir_sidecar_state_errors_total",
                              "Writes to the state directory that failed.")),
        checkpoints(external(registry, "weir_sidecar_checkpoints_total",
                             "Checkpoints written since the start.")),
        series_restarted(external(
            registry, "weir_sidecar_series_restarted_total",
            "Series that began anew at 0, because what they had shown could not be recovered.")),
        peer_messages_refused(external(
            registry, "weir_sidecar_peer_messages_refused_total",
            "Messages of other sidecars of this node that were refused, whole or in part.")),
        peer_bases_refused(external(registry, "weir_sidecar_peer_bases_refused_total",
                                    "Retired totals of another sidecar that were not taken over: a "
                                    "counter had gone down.")),
        peers(gauge(registry, "weir_sidecar_peers",
                    "Other sidecars of this node that listen to the same publishers.")),
        in_flight(gauge(registry, "weir_sidecar_increments_in_flight",
                        "Counts and observations made by publishers, and not merged yet.")),
        state_durable(gauge(registry, "weir_sidecar_state_durable",
                            "Whether what is counted is kept on disk.")),
        connected(gauge(registry, "weir_sidecar_nats_connected", "Whether NATS is reachable.")),
        queue(gauge(registry, "weir_sidecar_queue_bytes", "Bytes of frames waiting for ingest.")),
        series(gauge(registry, "weir_sidecar_series", "Series in memory.")),
        families(gauge(registry, "weir_sidecar_families", "Metric families in memory.")),
        degraded(gauge(registry, "weir_sidecar_degraded",
                       "Reasons for which /api/v1/status calls the sidecar degraded.")),
        scrape_seconds(*registry.histogram(
            {.name = "weir_sidecar_scrape_duration_seconds",
             .help = "Time to answer a scrape.",
             .unit = "seconds",
             .bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5}})),
        scrape_bytes(
            gauge(registry, "weir_sidecar_scrape_bytes", "Size of the last scrape's body.")) {
    registry
        .gauge_family({.name = "weir_build_info",
                       .help = "Always 1; the labels say what was built.",
                       .labels = {"version", "revision", "compiler"}})
        ->with(WEIR_VERSION, WEIR_REVISION, __VERSION__)
        .set(1);
    const auto service_counter = [&](const char* name, const char* help) {
      return *registry.external_counter_family(
          {.name = name, .help = help, .labels = {"service_name", "weir_node"}});
    };
    const auto service_gauge = [&](const char* name, const char* help, const char* unit = "") {
      return *registry.gauge_family(
          {.name = name, .help = help, .labels = {"service_name", "weir_node"}, .unit = unit});
    };
    instances = service_gauge("weir_service_instances", "Instances of the service that are up.");
    starts = service_counter("weir_service_starts_total", "Starts of the service.");
    clean_exits = service_counter("weir_service_clean_exits_total", "Instances that said goodbye.");
    crashes = service_counter("weir_service_crashes_total",
                              "Instances that died without a goodbye, by evidence.");
    losses = service_counter("weir_service_losses_total",
                             "Instances that fell silent, without evidence of their death.");
    restarts = service_counter("weir_service_restarts_total",
                               "Starts soon after an instance of the service ended.");
    crash_loop =
        service_gauge("weir_service_crash_loop", "Whether the service crashes again and again.");
    started = service_gauge("weir_service_start_time_seconds", "The last start of the service.",
                            "seconds");
    previous = service_gauge("weir_service_previous_start_time_seconds",
                             "The start before the last one.", "seconds");
    last_seen = service_gauge("weir_service_last_seen_timestamp_seconds",
                              "When the service was last heard of.", "seconds");
  }

  void state(const FrameCounts& counts);
  void state(const ServiceInfo& service);

  weir::ExternalCounterFamily frames, refused, odd_samples;
  weir::GaugeFamily publishers;
  weir::ExternalCounter frame_bytes, samples, gaps, keyframes_asked, rebases, refused_series, shed,
      reconnects;
  weir::ExternalCounter increments_published, increments_applied, increments_refused,
      without_goodbye, folded, cells_refused, state_bytes, state_errors, checkpoints,
      series_restarted;
  weir::ExternalCounter peer_messages_refused, peer_bases_refused;
  weir::Gauge peers;
  weir::Gauge in_flight, state_durable;
  weir::Gauge connected, queue, series, families, degraded;
  weir::Histogram scrape_seconds;
  weir::Gauge scrape_bytes;
  weir::ExternalCounterFamily starts, clean_exits, crashes, losses, restarts;
  weir::GaugeFamily instances, crash_loop, started, previous, last_seen;
};

void SelfMetrics::Metrics::state(const FrameCounts& counts) {
  frames.with("applied").set(counts.applied);
  frames.with("duplicate").set(counts.duplicate);
  frames.with("refused").set(counts.refused_total());
  for (std::size_t i = 1; i < counts.refused.size(); ++i) {
    refused.with(wire::reason_name(static_cast<wire::Reason>(i))).set(counts.refused[i]);
  }
  odd_samples.with("regressed").set(counts.regressed_samples);
  odd_samples.with("mismatched").set(counts.mismatched_samples);
  frame_bytes.set(counts.bytes);
  samples.set(counts.samples);
  gaps.set(counts.gaps);
  keyframes_asked.set(counts.keyframes_asked);
  rebases.set(counts.rebases);
  folded.set(counts.folded);
  increments_published.set(counts.increments_published);
  increments_applied.set(counts.increments_applied);
  increments_refused.set(counts.increments_refused);
  refused_series.set(counts.refused_series);
}

void SelfMetrics::Metrics::state(const ServiceInfo& service) {
  const auto seconds = [](std::int64_t unix_ms) { return static_cast<double>(unix_ms) / 1000.0; };
  const std::string& name = service.service;
  const std::string& node = service.node;
  instances.with(name, node).set(static_cast<double>(service.up));
  starts.with(name, node).set(service.starts);
  clean_exits.with(name, node).set(service.clean_exits);
  crashes.with(name, node).set(service.crashes);
  losses.with(name, node).set(service.losses);
  restarts.with(name, node).set(service.restarts);
  crash_loop.with(name, node).set(service.crash_loop ? 1 : 0);
  started.with(name, node).set(seconds(service.current_start_unix_ms));
  if (service.previous_start_unix_ms != 0) {
    previous.with(name, node).set(seconds(service.previous_start_unix_ms));
  }
  last_seen.with(name, node).set(seconds(service.last_seen_unix_ms));
}

// The way round: frames out of the client registry, into the aggregated one, through the same
// ingest as everyone's, with a directory apart, so that the sidecar is not among its own
// publishers.
struct SelfMetrics::Loop final : FrameSink {
  Loop(weir::Registry& own, Registry& aggregated, const std::string& node,
       std::int64_t started_unix_ms)
      : source(own.core(), identity_of(node, started_unix_ms), wire::InstanceId::random()),
        directory(LifeRules{}, aggregated, [](auto, auto, auto) { return true; }),
        ingest(own_ingest_rules(), aggregated, directory, control, 0),
        subject(wire::Subjects{}.publish(node, kService, source.instance())) {}

  void frame(const wire::Frame&, std::span<const std::uint8_t> bytes) override {
    ingest.receive(subject, {}, bytes, now_unix_ms);
  }

  void run(std::int64_t now) {
    now_unix_ms = now;
    if (introduced) {
      source.delta(now, kFrameBytesMax, *this);
    } else {
      source.keyframe(wire::Kind::kKeyframe, now, kFrameBytesMax, *this);
      introduced = true;
    }
  }

  FrameSource source;
  NoControl control;
  Directory directory;
  Ingest ingest;
  std::string subject;
  std::int64_t now_unix_ms = 0;
  bool introduced = false;
};

SelfMetrics::SelfMetrics(Registry& registry, const std::string& node, std::int64_t started_unix_ms)
    : registry_(own_registry_options()),
      metrics_(std::make_unique<Metrics>(registry_)),
      loop_(std::make_unique<Loop>(registry_, registry, node, started_unix_ms)) {}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::scraped(double seconds, std::size_t bytes) {
  metrics_->scrape_seconds.observe(seconds);
  metrics_->scrape_bytes.set(static_cast<double>(bytes));
}

void SelfMetrics::read_process() {
  registry_.core().run_export_callbacks();
}

void SelfMetrics::publish(const State& state, std::int64_t now_unix_ms) {
  Metrics& metrics = *metrics_;
  metrics.state(state.counts);
  metrics.shed.set(state.link.shed_frames);
  metrics.reconnects.set(state.link.reconnects);
  metrics.connected.set(state.link.connected ? 1 : 0);
  metrics.queue.set(static_cast<double>(state.link.queued_bytes));
  metrics.series.set(static_cast<double>(state.series));
  metrics.families.set(static_cast<double>(state.families));
  metrics.degraded.set(static_cast<double>(state.degraded_reasons));
  metrics.cells_refused.set(state.cells.refused);
  metrics.state_bytes.set(state.durable.bytes_written);
  metrics.state_errors.set(state.durable.errors);
  metrics.checkpoints.set(state.durable.checkpoints);
  metrics.state_durable.set(state.durable.checkpoints > 0 && !state.durable.broken ? 1 : 0);
  metrics.series_restarted.set(state.series_restarted);
  metrics.peers.set(static_cast<double>(state.peers));
  metrics.peer_messages_refused.set(state.peer_counts.refused);
  metrics.peer_bases_refused.set(state.peer_counts.bases_refused);
  metrics.in_flight.set(in_flight(state.directory));
  std::uint64_t ended_badly = 0;
  for (const ServiceInfo& service : state.directory.services().list(now_unix_ms)) {
    ended_badly += service.crashes + service.losses;
  }
  metrics.without_goodbye.set(ended_badly);
  for (const InstanceState which : kStates) {
    metrics.publishers.with(instance_state_name(which))
        .set(static_cast<double>(state.directory.count(which)));
  }
  for (const ServiceInfo& service : state.directory.services().list(now_unix_ms)) {
    metrics.state(service);
  }
  loop_->run(now_unix_ms);
}

}  // namespace weir::sidecar
