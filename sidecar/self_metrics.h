// The sidecar's own metrics: registered in a client registry like anyone's, and fed to the
// aggregated registry by frames that never leave the process. So they appear on /metrics by the
// same path as all others. Thread-safe: any method from any thread; publish() under the engine's
// lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sidecar/cells/cells_status.h"
#include "sidecar/ingest/ingest.h"
#include "sidecar/link_status.h"
#include "sidecar/peers/exchange.h"
#include "sidecar/state/durable_state.h"
#include "weir/registry.h"

namespace weir::sidecar {

class SelfMetrics {
 public:
  // What there is to state, gathered by the engine.
  struct State {
    const FrameCounts& counts;
    const LinkStatus& link;
    const Directory& directory;
    std::size_t series;
    std::size_t families;
    std::size_t degraded_reasons;
    DurableStatus durable;
    const CellsStatus& cells;
    std::uint64_t series_restarted;
    std::size_t peers;
    const PeerCounts& peer_counts;
  };

  // `registry`: the aggregated one, which shows them.
  SelfMetrics(Registry& registry, const std::string& node, std::int64_t started_unix_ms);
  ~SelfMetrics();

  [[nodiscard]] weir::Registry& registry() { return registry_; }
  void scraped(double seconds, std::size_t bytes);
  // Runs the callbacks of those who registered here. Not under the engine's lock.
  void read_process();
  // Brings the aggregated registry up to date. REQUIRES: the engine's lock is held.
  void publish(const State& state, std::int64_t now_unix_ms);

 private:
  struct Metrics;
  struct Loop;

  weir::Registry registry_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace weir::sidecar
