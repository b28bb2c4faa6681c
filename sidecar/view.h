// What the HTTP side sees of the sidecar: read-only, copies of values. The engine stands behind it,
// a fake in the tests. Thread-safe: any method from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/exposition/page.h"
#include "sidecar/exposition/totals.h"
#include "sidecar/peers/roster.h"
#include "sidecar/publishers/info.h"

namespace weir::sidecar {

struct StatusReport {
  std::string version;
  std::string revision;
  std::string node;
  std::int64_t started_unix_ms = 0;
  std::int64_t now_unix_ms = 0;

  // NATS
  bool nats_connected = false;
  std::string nats_url;  // without credentials
  bool nats_embedded = false;
  std::uint64_t nats_reconnects = 0;
  std::string nats_last_error;

  // Registry and recovery
  bool recovered = false;                   // false: /metrics answers 503, /readyz 503
  std::string recovery;                     // in words: "waiting for 3 of 12 instances", "done"
  std::vector<std::string> recovery_notes;  // what of the stored state could not be taken up
  std::string state_dir;                    // or "none"
  bool state_durable = false;               // false also where nothing is stored
  std::string state_error;                  // why it is not, in words
  std::uint64_t state_bytes_written = 0;
  std::int64_t checkpoint_unix_ms = 0;  // the last one; 0: none
  // Other sidecars of this node
  bool pair = false;  // counters are shared with them
  std::vector<PeerInfo> peers;
  std::uint64_t peer_messages_refused = 0;
  std::string peer_last_refusal;
  std::uint64_t families = 0;
  std::uint64_t series = 0;
  std::uint64_t frames_applied = 0;
  std::uint64_t frames_duplicate = 0;
  std::uint64_t frames_refused = 0;

  std::vector<std::string> degraded;  // reasons in words; empty: all is well
};

class View {
 public:
  virtual ~View() = default;

  // The body of /metrics.
  [[nodiscard]] virtual std::unique_ptr<Page> page(Format format, const Selection& selection,
                                                   Encoding encoding) = 0;
  // Called when the answer was handed to the network, for the self metrics.
  virtual void scraped(double seconds, std::size_t bytes) = 0;

  [[nodiscard]] virtual StatusReport status() const = 0;
  [[nodiscard]] virtual std::vector<PublisherInfo> publishers() const = 0;
  [[nodiscard]] virtual std::vector<ServiceInfo> services() const = 0;
  [[nodiscard]] virtual std::vector<RefusalInfo> refusals() const = 0;  // newest first
  [[nodiscard]] virtual TotalsReport totals() const = 0;
};

}  // namespace weir::sidecar
