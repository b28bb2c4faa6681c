// Makes a publisher's frames from a registry: deltas of what changed, keyframes of everything,
// heartbeats, goodbyes. No transport, no clock, no thread of its own.
// Single-threaded: only the publisher's worker thread calls this.
//
// 1. seq goes up by one per frame made, sent or not: a frame that was lost shows as a gap.
// 2. Totals are absolute within the instance and never go down.
// 3. Hidden series count on: their own totals are stated like others', and keyframes name them in
//    the removals again. Their gauges and external totals leave the deltas.
// 4. A goodbye that was inherited, and not answered, is said again with what was stated last, and
//    nothing that was counted since: who answers it need not merge it to have all of it. What was
//    counted since is the next instance's.
// 5. Each frame carries the increments that were stated up to and with the statement it belongs to:
//    who has merged all of them has exactly so many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frame_contents.h"
#include "registry_core.h"
#include "schemas/codec.h"
#include "schemas/frame.h"
#include "stated_totals.h"
#include "statement_log.h"

namespace weir {

struct PublisherIdentity {
  std::string node;
  std::string service;
  std::uint32_t pid = 0;
  std::uint64_t pid_namespace = 0;
  std::int64_t started_unix_ms = 0;
  std::uint32_t flush_interval_ms = 0;
  std::uint32_t heartbeat_interval_ms = 0;
  bool service_label = true;
};

// Takes frames as they are made; the bytes are valid during the call.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void frame(const wire::Frame& frame, std::span<const std::uint8_t> bytes) = 0;
};

// How far the last goodbye of an instance came. The next publisher of the registry goes on from
// there.
enum class Farewell : std::uint8_t {
  kUnsaid,    // none left this process
  kSaid,      // one may have arrived
  kAnswered,  // one was acknowledged: its totals are counted
};

class FrameSource {
 public:
  // What a keyframe or goodbye said.
  struct Statement {
    std::uint64_t seq = 0;      // of its last part
    bool totals_moved = false;  // against what was stated before
  };

  FrameSource(RegistryCore& registry, PublisherIdentity identity, wire::InstanceId instance);

  // What changed since the last statement, in frames of at most about `bytes_max`; answers how
  // many. None if nothing changed.
  std::size_t delta(std::int64_t now_unix_ms, std::size_t bytes_max, FrameSink& sink);
  void heartbeat(std::int64_t now_unix_ms, FrameSink& sink);
  // `kind`: keyframe or goodbye. Both have the same content and are split in the same way.
  Statement keyframe(wire::Kind kind, std::int64_t now_unix_ms, std::size_t bytes_max,
                     FrameSink& sink);
  // Whether an own total moved since the last statement. After it and after undelivered(), only a
  // keyframe or goodbye states what was registered meanwhile.
  [[nodiscard]] bool totals_moved();

  // A sidecar has merged the keyframe or goodbye of that seq. Answers whether that ends the
  // goodbye: it names it, or one that said the same totals; an older one's does not.
  bool acknowledged(std::uint64_t seq);
  [[nodiscard]] bool any_acknowledged() const { return log_.any_acknowledged(); }
  // The increments of integer counters and histograms, up to now, that no acknowledged keyframe or
  // goodbye has said. Deltas may have carried some of them: at most so much is lost.
  [[nodiscard]] std::uint64_t undelivered();
  [[nodiscard]] Farewell farewell() const { return farewell_; }

  // The goodbye that is said is a former publisher's; the next instance follows its answer.
  [[nodiscard]] bool owes_formers_goodbye() const { return owes_formers_goodbye_; }

  // Goes on as another instance. `counted`: what was stated so far is counted already, so totals
  // begin again where that ended.
  void renew(wire::InstanceId instance, std::int64_t started_unix_ms, bool counted);
  // Goes on as another publisher's. As the same instance if that one's last totals may not have
  // arrived and the names are the same: so nothing is lost, and nothing stated twice under two ids.
  void inherit(PublisherIdentity identity, wire::InstanceId instance);
  void move_to_node(std::string node) { identity_.node = std::move(node); }

  // Says in the registry's cells file who the instance is. To be called for each new instance
  // before anything of it is sent: what a sidecar finds there after a crash is then that
  // instance's.
  void name_cells(std::string_view subject_prefix);

  [[nodiscard]] const wire::InstanceId& instance() const { return instance_; }
  [[nodiscard]] const PublisherIdentity& identity() const { return identity_; }
  [[nodiscard]] std::uint64_t seq() const { return seq_; }

 private:
  void learn();
  void learn_series();
  void learn_visibility();
  void forget(std::uint32_t id);
  bool take(Taking taking);
  void begin(wire::Kind kind, std::int64_t now_unix_ms);
  void identify();
  void emit(FrameSink& sink);

  RegistryCore& registry_;
  PublisherIdentity identity_;
  wire::InstanceId instance_;
  std::uint64_t seq_ = 0;
  StatementLog log_;
  Farewell farewell_ = Farewell::kUnsaid;
  bool owes_formers_goodbye_ = false;
  std::uint64_t goodbye_first_seq_ = 0;  // goodbyes from this one on said what was stated last

  // The registry's definitions as far as they are known here.
  std::vector<const FamilyDefinition*> families_;
  std::vector<const SeriesCore*> series_;  // by local id
  std::vector<std::size_t> place_;         // by local id: the index in its kind's table
  Hidden hidden_;                          // by local id
  std::uint64_t visibility_version_ = 0;

  StatedCounters counters_;
  StatedDoubles doubles_;
  StatedExternals externals_;
  StatedValues external_doubles_;
  StatedValues gauges_;
  StatedHistograms histograms_;

  FrameContents contents_;
  std::vector<Cut> cuts_;
  wire::Frame frame_;
  wire::Encoder encoder_;
};

}  // namespace weir
