// The sidecar's heart: ingest, registry, publishers and exposition behind one door, with the locks
// that let scrapes and ingest run side by side. No sockets, no files, no threads of its own: clock
// and transport are passed in. Thread-safe: any method from any thread.
//
// 1. `mutex_` guards everything. Ingest holds it for one frame; a scrape only while it copies
// values (take_snapshot).
// 2. `texts_` keeps label texts from being freed while a scrape prints them: shared by scrapes,
// exclusive for the sweep,
//    which gives way (try_lock) rather than wait. Order: mutex_, then texts_.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/exposition/render.h"
#include "sidecar/ingest/ingest.h"
#include "sidecar/link_status.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/registry/registry.h"
#include "sidecar/view.h"
#include "weir/registry.h"

namespace weir::sidecar {

class SelfMetrics;

struct EngineOptions {
  std::string node;
  IngestRules ingest;
  LifeRules life;
  std::int64_t series_ttl_ms = 3'600'000;
  std::int64_t retired_ttl_ms = 30ll * 24 * 3'600'000;
  Registry::Capacity capacity;
  bool zero_first = true;
  RenderRules render;
  std::vector<std::pair<std::string, wire::Aggregation>> aggregation_overrides;
};

class Engine final : public View {
 public:
  using Clock = std::function<std::int64_t()>;  // milliseconds since the epoch, never going back

  Engine(EngineOptions options, ControlSink& control, Clock clock, ProcessProbe probe,
         std::uint64_t seed);
  ~Engine() override;

  void receive(std::string_view subject, std::string_view reply,
               std::span<const std::uint8_t> bytes);
  // Leases, expiry, keyframe requests: a few times a second.
  void tick();
  void set_link(const LinkStatus& link);

  // Where the process registers metrics of its own; shown without service label.
  [[nodiscard]] weir::Registry& self_registry();

  [[nodiscard]] std::string metrics(Format format, const Selection& selection) override;
  void scraped(double seconds, std::size_t bytes) override;
  [[nodiscard]] StatusReport status() const override;
  [[nodiscard]] std::vector<PublisherInfo> publishers() const override;
  [[nodiscard]] std::vector<ServiceInfo> services() const override;
  [[nodiscard]] std::vector<RefusalInfo> refusals() const override;

 private:
  [[nodiscard]] std::vector<std::string> degraded() const;  // REQUIRES: mutex_ is held

  const EngineOptions options_;
  const Clock clock_;
  const std::int64_t started_unix_ms_;

  mutable std::mutex mutex_;
  std::shared_mutex texts_;
  Registry registry_;
  Directory directory_;
  Ingest ingest_;
  LinkStatus link_;
  std::int64_t swept_unix_ms_ = 0;
  std::unique_ptr<SelfMetrics> self_;
};

}  // namespace weir::sidecar
