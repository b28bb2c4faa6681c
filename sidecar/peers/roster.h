// The other sidecars of this node that were heard lately, and when to say what to them.
// Single-threaded: under the engine's lock. The clock is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "schemas/instance_id.h"
#include "sidecar/peers/peer_messages.h"

namespace weir::sidecar {

struct PeerRules {
  bool pair = false;      // share counters with the others
  wire::InstanceId self;  // of this life; zero: made at random
  std::int64_t hello_ms = 5'000;
  std::int64_t expire_ms = 15'000;       // silent for so long: gone
  std::int64_t exchange_ms = 60'000;     // each other one is asked so often
  std::int64_t retry_ms = 3'000;         // for the answer, when it is urgent or did not come whole
  std::int64_t introduction_ms = 2'000;  // in it all who are there have said hello
};

struct PeerInfo {
  wire::InstanceId id;
  bool pair = false;
  std::int64_t last_heard_unix_ms = 0;
  std::int64_t exchanged_unix_ms = 0;  // when all that it knows was last taken up; 0: never
};

class Roster {
 public:
  static constexpr std::size_t kPeersMax = 16;

  Roster(const PeerRules& rules, std::int64_t now_unix_ms)
      : rules_(rules), hello_due_unix_ms_(now_unix_ms) {}

  // False: there are too many.
  bool heard(const PeerHead& head, std::int64_t now_unix_ms);
  void left(const wire::InstanceId& id);
  void forget_silent(std::int64_t now_unix_ms);
  [[nodiscard]] bool take_hello_due(std::int64_t now_unix_ms);
  // NATS is there again.
  void hello_now(std::int64_t now_unix_ms) { hello_due_unix_ms_ = now_unix_ms; }

  struct Wish {
    wire::InstanceId peer;
    std::uint32_t number = 0;
  };
  // Whom to ask for what it knows.
  [[nodiscard]] std::optional<Wish> take_ask_due(std::int64_t now_unix_ms);
  // Whether this belongs to the last wish to it.
  [[nodiscard]] bool wanted(const PeerHead& head) const;
  // A message of the answer has come.
  void answered(const PeerHead& head);
  // The answer's end. True: all of it has come.
  bool done(const PeerHead& head, std::int64_t now_unix_ms);

  [[nodiscard]] std::vector<PeerInfo> list() const;
  [[nodiscard]] std::size_t size() const { return peers_.size(); }
  [[nodiscard]] std::size_t paired() const;

 private:
  struct Peer {
    PeerInfo info;
    std::uint32_t number = 0;  // of the last wish
    std::vector<bool> came;    // messages of its answer, by their numbers
    std::int64_t ask_due_unix_ms = 0;
  };
  [[nodiscard]] Peer* find(const wire::InstanceId& id);

  const PeerRules rules_;
  std::vector<Peer> peers_;
  std::uint32_t wishes_ = 0;
  std::int64_t hello_due_unix_ms_;
};

}  // namespace weir::sidecar
