// What the sidecars of one node say to each other over NATS: messages made of state records, the
// first of which says from whom to whom. Whatever comes from there is hostile until it was read.
// Thread-safe: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schemas/instance_id.h"
#include "sidecar/publishers/instance.h"
#include "sidecar/state/record.h"

namespace weir::sidecar {

inline constexpr std::uint32_t kPeerVersion = 1;
// Below the max_payload that nats-server has by default (1 MiB).
inline constexpr std::size_t kPeerMessageBytes = 512u << 10;

enum class PeerKind : std::uint8_t {
  kHello = 1,       // to all: I am here
  kLeave = 2,       // to all: I am not any more
  kWant = 3,        // tell me what you know; with the finals that wait for your consent
  kBase = 4,        // chunks of: the retired totals and the remembered ids
  kStatements = 5,  // instances, living and ended
  kAgreed = 6,      // of the finals: those that I have, too
  kDone = 7,        // that was all; with the starts and ends of each service
};

struct PeerHead {
  PeerKind kind = PeerKind::kHello;
  wire::InstanceId sender;   // random, new with each life of a sidecar
  wire::InstanceId target;   // zero: everyone
  bool pair = false;         // the sender wants to share its counters
  std::uint32_t number = 0;  // of the wish, chosen by who wants; its answers have it, too
  std::uint32_t part = 0;    // of an answer: its messages are numbered from 0
  std::uint32_t parts = 0;   // kDone: so many there were before it
  // kWant: of the ids that the sender remembers. A base about the same ones need not be told.
  std::uint64_t remembered_digest = 0;
};

void append_peer_head(Bytes& out, const std::string& node, const PeerHead& head);
// Reads the first record of a message. Why it is refused, in words; empty: it is for `node`.
[[nodiscard]] std::string read_peer_head(RecordReader& message, const std::string& node,
                                         PeerHead& head);

// The totals of an instance that will not speak again, in 64 bits.
struct FinalEntry {
  wire::InstanceId id;
  std::uint64_t digest = 0;
};
static_assert(sizeof(FinalEntry) == 24);
[[nodiscard]] std::uint64_t digest_of_totals(const Instance& instance);

void append_finals(Bytes& out, std::span<const FinalEntry> finals);
[[nodiscard]] std::vector<FinalEntry> read_finals(const Record& record);

// Records as messages: as many as they need, with the numbers from `head.part` on, which moves.
void pack(std::span<const std::uint8_t> records, const std::string& node, PeerHead& head,
          std::vector<Bytes>& messages);

}  // namespace weir::sidecar
