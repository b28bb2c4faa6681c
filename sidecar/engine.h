// The sidecar's heart: ingest, registry, publishers, durable state and exposition behind one door,
// with the locks that let scrapes and ingest run side by side. No sockets, no files, no threads of
// its own: clock, transport and storage are passed in. Thread-safe: any method from any thread.
//
// 1. `mutex_` guards everything. Ingest holds it for one frame; a scrape only while it copies
// values (take_snapshot). What a scrape prints later belongs to it (row_block.h).
// 2. The locks of the durable state come before it (durable_state.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/cells/cells_status.h"
#include "sidecar/exposition/gzip_cache.h"
#include "sidecar/ingest/incoming.h"
#include "sidecar/ingest/ingest.h"
#include "sidecar/link_status.h"
#include "sidecar/peers/exchange.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/durable_state.h"
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
  DurableOptions durable;
  PeerRules peers;
  std::string state_dir = "none";  // for people
  std::int64_t recovery_timeout_ms = 10'000;
};

class Engine final : public View {
 public:
  using Clock = std::function<std::int64_t()>;  // milliseconds since the epoch, never going back

  // `storage`: where the state is kept; null: nowhere.
  Engine(EngineOptions options, ControlSink& control, Clock clock, ProcessProbe probe,
         std::uint64_t seed, Storage* storage = nullptr);
  ~Engine() override;

  // Takes up what was stored, and says what could not be. Before anything else, if there is
  // storage.
  Recovery recover();
  // Called when a goodbye waits for commit(). Before anything is received.
  void on_final(std::function<void()> wake) { wake_ = std::move(wake); }

  // False: refused.
  bool receive(std::string_view subject, std::string_view reply,
               std::span<const std::uint8_t> bytes) {
    const Incoming one(subject, reply, bytes);
    return receive({&one, 1});
  }
  // The first; those behind it will be received after it, and are prepared for.
  bool receive(std::span<const Incoming> coming);
  // The parts of a goodbye from a cells file: all at once. False: refused.
  bool fold(std::string_view subject, std::span<const std::vector<std::uint8_t>> parts);
  void set_cells(const CellsStatus& cells);
  // Somebody looks after the cells directory: whoever may have a file there is not forgotten before
  // it is folded or known to be gone. Before recover(), which forgets whose time is over.
  void watch_cells();
  // Who waits for that alone; and which of them have no file there.
  [[nodiscard]] std::vector<wire::InstanceId> awaited_cells() const;
  void cells_gone(std::span<const wire::InstanceId> ids);
  // Leases, expiry, keyframe requests: a few times a second. `behind_ms`: frames that arrived so
  // long ago may not have been received yet, so nobody is silent since then.
  void tick(std::int64_t behind_ms = 0);
  void set_link(const LinkStatus& link);
  [[nodiscard]] std::size_t living_publishers() const;
  // Other sidecars that listen to the same publishers; what is wrong with that, if anything is.
  [[nodiscard]] std::size_t peer_count() const;
  [[nodiscard]] std::string peer_warning() const;
  // Says to them that this one ends.
  void part();

  // For the thread that writes. Answers the goodbyes that wait; true: they are durable.
  bool commit();
  // A checkpoint, if it is due.
  void keep();
  // What other sidecars asked for, and what they told: some of it, as much as ingest can wait for.
  void exchange();
  // The last checkpoint, when nothing is received any more.
  void leave();

  // Where the process registers metrics of its own; shown without service label.
  [[nodiscard]] weir::Registry& self_registry();

  [[nodiscard]] std::unique_ptr<Page> page(Format format, const Selection& selection,
                                           Encoding encoding) override;
  // The same, whole.
  [[nodiscard]] std::string metrics(Format format, const Selection& selection);
  void scraped(double seconds, std::size_t bytes) override;
  [[nodiscard]] StatusReport status() const override;
  [[nodiscard]] std::vector<PublisherInfo> publishers() const override;
  [[nodiscard]] std::vector<ServiceInfo> services() const override;
  [[nodiscard]] std::vector<RefusalInfo> refusals() const override;
  [[nodiscard]] TotalsReport totals() const override;

 private:
  // REQUIRES of all of these: mutex_ is held
  [[nodiscard]] std::vector<std::string> degraded() const;
  void take_base(const Bytes& base);  // not held
  void check_recovery(std::int64_t now_unix_ms);
  void restart_what_may_be_missing(std::int64_t now_unix_ms);
  [[nodiscard]] std::size_t count_awaited() const;
  [[nodiscard]] DurableStatus durable_status() const;
  [[nodiscard]] std::string recovery_in_words() const;

  const EngineOptions options_;
  const Clock clock_;
  const std::int64_t started_unix_ms_;

  mutable std::mutex mutex_;
  Registry registry_;
  Directory directory_;
  Retirement retirement_;
  Ingest ingest_;
  ControlSink& control_;
  Exchange exchange_;
  std::unique_ptr<DurableState> durable_;  // null: nothing is stored
  Recovery recovery_;
  bool recovered_;
  std::uint64_t series_restarted_ = 0;
  GzipCache gzip_cache_;
  LinkStatus link_;
  CellsStatus cells_;
  std::int64_t swept_unix_ms_ = 0;
  std::unique_ptr<SelfMetrics> self_;
  std::function<void()> wake_;
};

}  // namespace weir::sidecar
