// Two sidecars, one truth: who else is there, what they are asked and told, and what of their
// answers is taken up. Without a socket: messages come and go as bytes. Single-threaded: under the
// engine's lock.
//
// 1. What is told was written first: compose() hands out messages for a thread that writes.
// 2. A base is taken over whole or not at all: take_base() hands out one that has come whole.
// 3. Only with `pair` on both sides anything but hellos is said and heard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/peers/hearing.h"
#include "sidecar/peers/peer_messages.h"
#include "sidecar/peers/roster.h"
#include "sidecar/peers/telling.h"
#include "sidecar/state/retired_base.h"

namespace weir::sidecar {

struct PeerCounts {
  std::uint64_t refused = 0;  // messages, whole or in part
  std::string last_refusal;   // in words
  std::uint64_t bases_taken = 0;
  std::uint64_t bases_refused = 0;
  std::uint64_t answers = 0;  // of others, whole
};

class Exchange {
 public:
  struct Parts {
    Registry& registry;
    Directory& directory;
    Retirement& retirement;
    Ingest& ingest;
    ControlSink& control;
  };
  Exchange(PeerRules rules, std::string node, const std::string& subject_prefix, Parts parts,
           std::int64_t now_unix_ms);

  [[nodiscard]] bool is_mine(std::string_view subject) const { return subject == subject_; }
  [[nodiscard]] const std::string& subject() const { return subject_; }

  // False: refused.
  bool receive(std::span<const std::uint8_t> bytes, std::int64_t now_unix_ms);
  // Says hello and asks, when it is time.
  void tick(std::int64_t now_unix_ms);
  void set_connected(bool connected, std::int64_t now_unix_ms);
  void leave();

  // This sidecar may know less than was shown once: another one may know it.
  void start_empty(bool empty) { starts_empty_ = empty && rules_.pair; }
  // Whether it waits for that. Until there is an answer, or nobody to ask.
  [[nodiscard]] bool awaits_answer(std::int64_t now_unix_ms) const;

  [[nodiscard]] bool has_work() const { return base_.has_value() || telling_.any(); }
  [[nodiscard]] std::vector<Bytes> compose(std::size_t bytes) { return telling_.compose(bytes); }
  // One that waits to be taken over. The caller says what came of it.
  [[nodiscard]] std::optional<Bytes> take_base();
  void base_ended(BaseOutcome outcome, const std::string& why);

  [[nodiscard]] std::vector<PeerInfo> peers() const { return roster_.list(); }
  [[nodiscard]] std::size_t peer_count() const { return roster_.size(); }
  // What a person must know: others are here, and the counters are not shared. Empty: all is well.
  [[nodiscard]] std::string warning() const;
  [[nodiscard]] const PeerCounts& counts() const { return counts_; }

 private:
  // A base whose chunks have not all come.
  struct Incoming {
    wire::InstanceId sender;
    std::uint32_t number = 0;
    std::map<std::uint32_t, Bytes> chunks;
    std::size_t bytes = 0;
  };
  [[nodiscard]] std::string act(const PeerHead& head, RecordReader& message,
                                std::int64_t now_unix_ms);
  [[nodiscard]] std::string hear(const PeerHead& head, RecordReader& message,
                                 std::int64_t now_unix_ms);
  [[nodiscard]] std::string add_chunk(const PeerHead& head, const Record& record);
  void agreed(const PeerHead& head, const Record& record);
  void done(const PeerHead& head, RecordReader& message, std::int64_t now_unix_ms);
  void send(PeerHead head, std::span<const FinalEntry> finals = {});
  [[nodiscard]] std::vector<FinalEntry> ripe_finals(std::int64_t now_unix_ms) const;

  const PeerRules rules_;
  const std::string node_;
  const std::string subject_;
  Parts parts_;
  Roster roster_;
  Telling telling_;
  Hearing hearing_;
  Incoming incoming_;
  std::optional<Bytes> base_;
  std::map<wire::InstanceId, std::set<wire::InstanceId>> agreed_;  // by whom, where there are many
  PeerCounts counts_;
  bool starts_empty_ = false;
  bool answered_ = false;
  std::int64_t connected_unix_ms_ = 0;  // 0: not
};

}  // namespace weir::sidecar
