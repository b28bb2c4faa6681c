// What this sidecar tells others when they ask: the base, if they know another one, and every
// instance, living or ended. In steps, so that ingest need not wait for all of it. Single-threaded:
// under the engine's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sidecar/peers/peer_messages.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/statement_writer.h"

namespace weir::sidecar {

class Telling {
 public:
  struct Parts {
    Registry& registry;
    Directory& directory;
    Retirement& retirement;
  };
  Telling(std::string node, wire::InstanceId self, Parts parts);

  // One answer per asker is under way; a further wish of it begins anew.
  void wanted(const PeerHead& wish, std::vector<FinalEntry> finals);
  [[nodiscard]] bool any() const { return !answers_.empty(); }
  // The next messages, of about so many bytes; what they say must be written before they are sent.
  [[nodiscard]] std::vector<Bytes> compose(std::size_t bytes);

 private:
  struct Answer {
    PeerHead head;
    std::uint64_t remembered_digest = 0;  // of who asks
    std::vector<FinalEntry> finals;
    bool begun = false;
    std::vector<wire::InstanceId> instances;
    std::size_t next_instance = 0;
    std::deque<Bytes> messages;  // composed, and not sent yet
  };
  void begin(Answer& answer);
  void add_base(Answer& answer);
  void add_agreed(Answer& answer);
  void add_done(Answer& answer);
  void go_on(Answer& answer);
  void pack_into(Answer& answer, PeerKind kind, const Bytes& records);
  [[nodiscard]] bool agrees(const FinalEntry& final) const;

  const std::string node_;
  const wire::InstanceId self_;
  Parts parts_;
  StatementWriter writer_;
  std::deque<Answer> answers_;
};

}  // namespace weir::sidecar
