// Every publisher that this sidecar knows: its life from the first frame to the day it is
// forgotten. Single-threaded: under the engine's lock. Clock and process table are passed in.
//
//   starting -> up -> (exited | crashed | lost); lost -> up when it speaks again.
//
// 1. An ended instance keeps its tables for `late_frames_ms`, so that what is still under way adds
//    nothing twice; after that its id is remembered (for `remember_ms`, and no more than
//    `remembered_max` of them), so that it does not count as new.
// 2. A lost instance (silent, without evidence of its death) keeps its tables for
//    `forget_after_ms`; if it returns later, it is told to begin again as a new instance.
//    Either keeps them as long as its cells file stands: what that holds can come at any time.
// 3. While NATS is away no lease runs out.
// 4. Evidence can be wrong (a clock that jumped): an instance taken for crashed that speaks, and
//    lives, comes back.
// 5. Of two sidecars none drops what the other one may have less of.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schemas/instance_id.h"
#include "sidecar/publishers/instance.h"
#include "sidecar/publishers/instance_index.h"
#include "sidecar/publishers/service_log.h"
#include "sidecar/registry/registry.h"

namespace weir::sidecar {

struct LifeRules {
  int heartbeats_missed_max = 3;
  // After NATS was away: publishers come back one by one, waiting up to 5 s between attempts.
  std::int64_t reconnect_grace_ms = 10'000;
  std::int64_t gauge_ttl_ms = 5 * 60'000;
  std::int64_t forget_after_ms = 24 * 3'600'000;
  std::int64_t restart_window_ms = 5 * 60'000;
  std::int64_t late_frames_ms = 10 * 60'000;
  std::int64_t introduction_ms = 60'000;  // a stranger that never sends a keyframe is dropped
  std::int64_t remember_ms = 30ll * 24 * 3'600'000;
  std::size_t remembered_max = 1'000'000;
  std::size_t instances_max = 50'000;
  bool pair = false;  // another sidecar may share the counters, heard or not
};

// Evidence of death: false only if it is certain that this process is gone. The last argument is
// when it was last heard.
using ProcessProbe =
    std::function<bool(std::uint32_t pid, std::uint64_t pid_namespace, std::int64_t)>;

class Directory {
 public:
  enum class Memory : std::uint8_t { kNothing, kEnded, kForgotten };

  Directory(LifeRules rules, Registry& registry, ProcessProbe probe)
      : rules_(rules),
        registry_(registry),
        probe_(std::move(probe)),
        services_(rules.restart_window_ms) {}

  [[nodiscard]] Instance* find(const wire::InstanceId& id) { return index_.find(id); }
  [[nodiscard]] const Instance* find(const wire::InstanceId& id) const { return index_.find(id); }
  // It will be asked for.
  void prefetch(const wire::InstanceId& id) const { index_.prefetch(id); }
  // What is remembered of an instance that has no tables any more.
  [[nodiscard]] Memory remembered(const wire::InstanceId& id) const;
  // Null if there are too many.
  Instance* add(const wire::InstanceId& id, std::int64_t now_unix_ms);

  void introduced(Instance& instance,
                  std::int64_t now_unix_ms);                 // its first whole keyframe was merged
  void heard(Instance& instance, std::int64_t now_unix_ms);  // any valid frame of it
  void ended(Instance& instance, InstanceState how, std::int64_t now_unix_ms);

  // From now on somebody looks into the cells directory, and says whose files are gone.
  void watch_cells() { cells_watched_ = true; }
  // Those that are kept for their cells file: not alive, and no frame of them is under way any
  // more.
  [[nodiscard]] std::vector<wire::InstanceId> awaited_cells(std::int64_t now_unix_ms) const;
  // What awaited_cells() named was looked for, and is not there.
  void cells_gone(std::span<const wire::InstanceId> ids, std::int64_t now_unix_ms);
  // Whether its cells file may say more than is known here.
  [[nodiscard]] bool awaits_cells(const Instance& instance) const;

  // NATS went away or came back.
  void set_connected(bool connected, std::int64_t now_unix_ms);
  // Leases, and readings of the silent. About once a second.
  void tick(std::int64_t now_unix_ms);
  // Drops the tables of those of whom nothing can come any more. What they counted is handed to
  // `retire` first. With a state directory this is a part of a checkpoint: on disk, too, a total is
  // in one place.
  using Retire = std::function<void(Instance&)>;
  void drop_finished(std::int64_t now_unix_ms, const Retire& retire);

  // From the state directory; what was counted of starts and ends stays as it was.
  void restore_state(Instance& instance, InstanceState state, std::int64_t since_unix_ms);
  template <typename Visit>
  void for_each_remembered(Visit&& visit) const {  // oldest first
    for (const auto& [unix_ms, id] : remembered_order_) {
      visit(id, remembered(id), unix_ms);
    }
  }
  // How many were remembered since the beginning: the last so many of for_each_remembered() are
  // new.
  [[nodiscard]] std::uint64_t remembered_count() const { return remembered_count_; }
  // Of the set of remembered ids.
  [[nodiscard]] std::uint64_t remembered_digest() const;

  // Another sidecar that shares its counters was heard then: who has ended keeps its tables until
  // that one agrees (Instance::peer_agreed), or is gone for `forget_after_ms`. One of a pair that
  // never heard the other waits as long for it, with each that ends.
  void peer_heard(std::int64_t unix_ms);
  [[nodiscard]] std::int64_t peer_heard_unix_ms() const { return peer_heard_unix_ms_; }
  // Those whose tables could go, if the other one agreed.
  template <typename Visit>
  void for_each_ripe(std::int64_t now_unix_ms, Visit&& visit) const {
    for (const auto& [id, instance] : instances_) {
      Memory memory = Memory::kNothing;
      if (!instance->peer_agreed && is_ripe(*instance, now_unix_ms, memory) &&
          memory != Memory::kNothing) {
        visit(static_cast<const Instance&>(*instance));
      }
    }
  }
  // What it counted is among totals that are taken over: its tables go, if there are any.
  void collapsed_elsewhere(const wire::InstanceId& id, Memory memory, std::int64_t unix_ms,
                           std::int64_t now_unix_ms);
  // Moves with each change of an instance's state.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // After instances came from elsewhere, whose starts were not counted here.
  void recount_living();

  [[nodiscard]] ServiceLog& services() { return services_; }
  [[nodiscard]] const ServiceLog& services() const { return services_; }
  [[nodiscard]] std::vector<PublisherInfo> list() const;
  [[nodiscard]] std::size_t count(InstanceState state) const;
  [[nodiscard]] std::size_t living() const;  // the lost may be
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (auto& [id, instance] : instances_) {
      visit(*instance);
    }
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [id, instance] : instances_) {
      visit(static_cast<const Instance&>(*instance));
    }
  }

 private:
  void remember(const wire::InstanceId& id, Memory memory, std::int64_t now_unix_ms);
  void forget_oldest(std::int64_t now_unix_ms);
  void come_back(Instance& instance, std::int64_t now_unix_ms);
  void change_state(Instance& instance, InstanceState state, std::int64_t now_unix_ms);
  void check_lease(Instance& instance, std::int64_t now_unix_ms);
  // Whether nothing of it can come any more, and what is remembered of it then.
  [[nodiscard]] bool is_ripe(const Instance& instance, std::int64_t now_unix_ms,
                             Memory& memory) const;
  [[nodiscard]] bool waits_for_peer(const Instance& instance, std::int64_t now_unix_ms) const;
  // Evidence is looked for as soon as a successor shows up, so that a quick restart is seen as one.
  void look_for_dead_predecessors(const Instance& newcomer, std::int64_t now_unix_ms);
  [[nodiscard]] bool is_dead(const Instance& instance) const;

  LifeRules rules_;
  Registry& registry_;
  ProcessProbe probe_;
  ServiceLog services_;
  std::unordered_map<wire::InstanceId, std::unique_ptr<Instance>> instances_;
  InstanceIndex index_;  // of the same
  std::unordered_map<wire::InstanceId, Memory> remembered_;
  std::deque<std::pair<std::int64_t, wire::InstanceId>> remembered_order_;  // oldest first
  std::uint64_t remembered_count_ = 0;
  std::uint64_t version_ = 0;
  std::int64_t peer_heard_unix_ms_ = 0;  // 0: never
  bool cells_watched_ = false;
  bool connected_ = false;
  std::int64_t connected_since_unix_ms_ = 0;
};

// The probe for real: /proc of this pid namespace. `silent_ms`: for so long it was not heard.
[[nodiscard]] bool process_may_live(std::uint32_t pid, std::uint64_t pid_namespace,
                                    std::int64_t silent_ms);

}  // namespace weir::sidecar
