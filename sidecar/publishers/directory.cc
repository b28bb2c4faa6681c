#include "sidecar/publishers/directory.h"

#include <algorithm>
#include <tuple>

#include "schemas/mutant.h"
#include "sidecar/publishers/showing.h"

namespace weir::sidecar {
namespace {

// Since when nothing has come of it: no frame, no end, no word about its cells file.
std::int64_t quiet_ms(const Instance& instance, std::int64_t now_unix_ms) {
  return now_unix_ms - std::max({instance.last_seen_unix_ms, instance.state_since_unix_ms,
                                 instance.cells_settled_unix_ms});
}

}  // namespace

Directory::Memory Directory::remembered(const wire::InstanceId& id) const {
  const auto at = remembered_.find(id);
  return at == remembered_.end() ? Memory::kNothing : at->second;
}

void Directory::remember(const wire::InstanceId& id, Memory memory, std::int64_t now_unix_ms) {
  if (mutant::lacks(mutant::Rule::kEndedRemembered)) {
    return;
  }
  remembered_[id] = memory;
  ++remembered_count_;
  remembered_order_.emplace_back(now_unix_ms, id);
}

void Directory::forget_oldest(std::int64_t now_unix_ms) {
  while (!remembered_order_.empty() &&
         (remembered_order_.size() > rules_.remembered_max ||
          now_unix_ms - remembered_order_.front().first > rules_.remember_ms)) {
    remembered_.erase(remembered_order_.front().second);
    remembered_order_.pop_front();
  }
}

Instance* Directory::add(const wire::InstanceId& id, std::int64_t now_unix_ms) {
  if (instances_.size() >= rules_.instances_max) {
    return nullptr;
  }
  auto instance = std::make_unique<Instance>();
  instance->id = id;
  instance->state_since_unix_ms = now_unix_ms;
  instance->last_seen_unix_ms = now_unix_ms;
  index_.insert(id, instance.get());
  return instances_.emplace(id, std::move(instance)).first->second.get();
}

void Directory::change_state(Instance& instance, InstanceState state, std::int64_t now_unix_ms) {
  instance.state = state;
  instance.state_since_unix_ms = now_unix_ms;
  ++version_;
}

void Directory::introduced(Instance& instance, std::int64_t now_unix_ms) {
  if (instance.state != InstanceState::kStarting) {
    return;
  }
  look_for_dead_predecessors(instance, now_unix_ms);
  change_state(instance, InstanceState::kUp, now_unix_ms);
  services_.started(instance.node, instance.service, now_unix_ms);
}

void Directory::come_back(Instance& instance, std::int64_t now_unix_ms) {
  instance.ended = false;
  change_state(instance, InstanceState::kUp, now_unix_ms);
  set_showing(instance, registry_, true, now_unix_ms);
  services_.returned(instance.node, instance.service, now_unix_ms);
}

void Directory::restore_state(Instance& instance, InstanceState state, std::int64_t since_unix_ms) {
  const bool ended = state == InstanceState::kExited || state == InstanceState::kCrashed;
  if (ended && !instance.ended) {
    end_shows(instance, registry_, since_unix_ms, false);
  }
  instance.ended = ended;
  set_showing(instance, registry_, !ended && state != InstanceState::kLost, since_unix_ms);
  change_state(instance, state, since_unix_ms);
}

void Directory::heard(Instance& instance, std::int64_t now_unix_ms) {
  instance.last_seen_unix_ms = now_unix_ms;
  instance.cells_gone = false;
  ++instance.frames;
  if (instance.state == InstanceState::kExited) {
    return;
  }
  instance.contributor.withdrawn = false;
  if (instance.state == InstanceState::kLost ||
      (instance.state == InstanceState::kCrashed && !is_dead(instance))) {
    come_back(instance, now_unix_ms);
  }
  if (instance.identified) {
    if (instance.service_last_seen_unix_ms == nullptr) {
      instance.service_last_seen_unix_ms =
          &services_.last_seen_unix_ms(instance.node, instance.service);
    }
    std::int64_t& last_seen = *instance.service_last_seen_unix_ms;
    last_seen = std::max(last_seen, now_unix_ms);
  }
}

void Directory::ended(Instance& instance, InstanceState how, std::int64_t now_unix_ms) {
  if (instance.ended) {
    return;
  }
  const bool was_lost = instance.state == InstanceState::kLost;
  instance.ended = true;
  change_state(instance, how, now_unix_ms);
  end_shows(instance, registry_, now_unix_ms, how == InstanceState::kExited);
  if (was_lost && how == InstanceState::kExited) {  // it said goodbye, to another sidecar
    services_.returned(instance.node, instance.service, now_unix_ms);
  } else if (was_lost) {
    services_.loss_was_crash(instance.node, instance.service, now_unix_ms);
    return;
  }
  const EndKind kind = how == InstanceState::kExited ? EndKind::kCleanExit : EndKind::kCrash;
  services_.ended(instance.node, instance.service, kind, instance.last_seen_unix_ms, now_unix_ms);
}

bool Directory::is_dead(const Instance& instance) const {
  return instance.identified && instance.pid != 0 &&
         !probe_(instance.pid, instance.pid_namespace, instance.last_seen_unix_ms);
}

void Directory::look_for_dead_predecessors(const Instance& newcomer, std::int64_t now_unix_ms) {
  // Who was heard since the newcomer began lives beside it. Without this, thousands that introduce
  // themselves to a new sidecar would each have all others looked up in the process table.
  const std::int64_t began_unix_ms = newcomer.contributor.started_unix_ms;
  for (auto& [id, other] : instances_) {
    if (!other->ended && other->last_seen_unix_ms <= began_unix_ms && other.get() != &newcomer &&
        other->identified && other->service == newcomer.service && other->node == newcomer.node &&
        is_dead(*other)) {
      ended(*other, InstanceState::kCrashed, now_unix_ms);
    }
  }
}

void Directory::set_connected(bool connected, std::int64_t now_unix_ms) {
  if (connected && !connected_) {
    connected_since_unix_ms_ = now_unix_ms;
  }
  connected_ = connected;
}

void Directory::check_lease(Instance& instance, std::int64_t now_unix_ms) {
  const std::int64_t silent_ms = now_unix_ms - instance.last_seen_unix_ms;
  // A reading older than this is not fresh, whoever is to blame for the silence.
  if (silent_ms > rules_.gauge_ttl_ms) {
    instance.contributor.withdrawn = true;
  }
  if (!connected_ || instance.state == InstanceState::kLost) {
    if (instance.state == InstanceState::kLost && is_dead(instance)) {
      ended(instance, InstanceState::kCrashed, now_unix_ms);
    }
    return;
  }
  const std::int64_t heard_or_connected =
      std::max(instance.last_seen_unix_ms, connected_since_unix_ms_);
  const bool not_back_yet = instance.last_seen_unix_ms < connected_since_unix_ms_;
  const std::int64_t own_lease_ms = rules_.heartbeats_missed_max * instance.heartbeat_interval_ms;
  const std::int64_t lease_ms =
      not_back_yet ? std::max(own_lease_ms, rules_.reconnect_grace_ms) : own_lease_ms;
  const std::int64_t overdue_ms = now_unix_ms - heard_or_connected;
  if (overdue_ms > instance.heartbeat_interval_ms && is_dead(instance)) {
    ended(instance, InstanceState::kCrashed, now_unix_ms);
  } else if (overdue_ms > lease_ms && instance.identified) {
    change_state(instance, InstanceState::kLost, now_unix_ms);
    set_showing(instance, registry_, false, now_unix_ms);
    services_.ended(instance.node, instance.service, EndKind::kLoss, instance.last_seen_unix_ms,
                    now_unix_ms);
  }
}

void Directory::tick(std::int64_t now_unix_ms) {
  for (auto& [id, instance] : instances_) {
    if (!instance->ended) {
      check_lease(*instance, now_unix_ms);
    }
  }
  forget_oldest(now_unix_ms);
}

void Directory::peer_heard(std::int64_t unix_ms) {
  // Stored with the next checkpoint, so that the next life knows of it.
  version_ += peer_heard_unix_ms_ == 0 ? 1 : 0;
  peer_heard_unix_ms_ = std::max(peer_heard_unix_ms_, unix_ms);
}

std::uint64_t Directory::remembered_digest() const {
  std::uint64_t digest = remembered_.size();
  for (const auto& [id, memory] : remembered_) {
    digest += (id.high ^ (id.low >> 1)) * 0x9e3779b97f4a7c15ull;  // in any order
  }
  return digest;
}

bool Directory::waits_for_peer(const Instance& instance, std::int64_t now_unix_ms) const {
  if (instance.peer_agreed) {
    return false;
  }
  const std::int64_t waited_ms = quiet_ms(instance, now_unix_ms);
  if (peer_heard_unix_ms_ == 0) {
    return rules_.pair && waited_ms < rules_.forget_after_ms;
  }
  // What was not agreed on for so long never will be (limits that differ, say), and memory is
  // bounded. But the other one may see a cells file that can not be seen from here.
  const bool file_elsewhere = instance.cells_file && !instance.folded;
  return now_unix_ms - peer_heard_unix_ms_ <= rules_.forget_after_ms &&
         (file_elsewhere || waited_ms < 3 * rules_.forget_after_ms);
}

bool Directory::awaits_cells(const Instance& instance) const {
  return cells_watched_ && instance.cells_file && !instance.folded && !instance.cells_gone &&
         !mutant::lacks(mutant::Rule::kFileAwaited);
}

std::vector<wire::InstanceId> Directory::awaited_cells(std::int64_t now_unix_ms) const {
  std::vector<wire::InstanceId> ids;
  for (const auto& [id, instance] : instances_) {
    if (!instance->is_alive() && awaits_cells(*instance) &&
        quiet_ms(*instance, now_unix_ms) > rules_.late_frames_ms) {
      ids.push_back(id);
    }
  }
  return ids;
}

void Directory::cells_gone(std::span<const wire::InstanceId> ids, std::int64_t now_unix_ms) {
  for (const wire::InstanceId& id : ids) {
    Instance* instance = find(id);
    // Who was heard since it was asked about may have a file again.
    if (instance != nullptr && !instance->is_alive() && awaits_cells(*instance) &&
        quiet_ms(*instance, now_unix_ms) > rules_.late_frames_ms) {
      instance->cells_gone = true;
      instance->cells_settled_unix_ms = now_unix_ms;
    }
  }
}

bool Directory::is_ripe(const Instance& instance, std::int64_t now_unix_ms, Memory& memory) const {
  const std::int64_t in_state_ms = now_unix_ms - instance.state_since_unix_ms;
  if (instance.ended) {
    memory = Memory::kEnded;
    // Where nobody looks for its cells file, it may be folded by somebody else: that ends some
    // time.
    const bool more_to_come = !cells_watched_ && instance.cells_file && !instance.folded;
    return !awaits_cells(instance) &&
           quiet_ms(instance, now_unix_ms) >
               (more_to_come ? rules_.forget_after_ms : rules_.late_frames_ms);
  }
  if (instance.state == InstanceState::kLost) {
    memory = Memory::kForgotten;
    if (mutant::lacks(mutant::Rule::kOnlyDeadCollapse)) {
      memory = Memory::kEnded;
      return true;
    }
    return in_state_ms > rules_.forget_after_ms && !awaits_cells(instance);
  }
  memory = Memory::kNothing;
  return instance.state == InstanceState::kStarting &&
         now_unix_ms - instance.last_seen_unix_ms > rules_.introduction_ms;
}

void Directory::drop_finished(std::int64_t now_unix_ms, const Retire& retire) {
  for (auto at = instances_.begin(); at != instances_.end();) {
    Instance& instance = *at->second;
    Memory memory = Memory::kNothing;
    if (!is_ripe(instance, now_unix_ms, memory) ||
        (memory != Memory::kNothing && waits_for_peer(instance, now_unix_ms))) {
      ++at;
      continue;
    }
    if (!instance.ended) {
      end_shows(instance, registry_, now_unix_ms, false);
    }
    if (retire) {
      retire(instance);
    }
    if (memory != Memory::kNothing) {
      remember(instance.id, memory, now_unix_ms);
    }
    drop_tables(instance, registry_);
    index_.erase(at->first);
    at = instances_.erase(at);
    ++version_;
  }
}

void Directory::recount_living() {
  services_.no_one_lives();
  for (const auto& [id, instance] : instances_) {
    if (instance->state == InstanceState::kUp) {
      services_.one_lives(instance->node, instance->service);
    }
  }
  ++version_;
}

void Directory::collapsed_elsewhere(const wire::InstanceId& id, Memory memory, std::int64_t unix_ms,
                                    std::int64_t now_unix_ms) {
  if (const auto at = instances_.find(id); at != instances_.end()) {
    if (!at->second->ended) {
      end_shows(*at->second, registry_, now_unix_ms, false);
    }
    drop_tables(*at->second, registry_);
    index_.erase(id);
    instances_.erase(at);
    ++version_;
  }
  if (remembered(id) == Memory::kNothing) {
    remember(id, memory, unix_ms);
  }
}

std::vector<PublisherInfo> Directory::list() const {
  std::vector<PublisherInfo> publishers;
  publishers.reserve(instances_.size());
  for (const auto& [id, instance] : instances_) {
    if (!instance->identified && instance->last_refusal.empty()) {
      continue;  // a stranger that has not said who it is: `weirctl doctor` asks like that
    }
    PublisherInfo info;
    info.node = instance->node;
    info.service = instance->service;
    info.instance = id.to_string();
    info.pid = instance->pid;
    info.client_version = instance->client_version;
    info.client_language = instance->client_language;
    info.state = instance->state;
    info.state_since_unix_ms = instance->state_since_unix_ms;
    info.started_unix_ms = instance->contributor.started_unix_ms;
    info.last_seen_unix_ms = instance->last_seen_unix_ms;
    info.series = instance->series_count;
    info.frames = instance->frames;
    info.restarts = services_.restarts(instance->node, instance->service);
    info.keyframe_pending = instance->keyframe.wanted && instance->is_alive();
    info.last_refusal = instance->last_refusal;
    info.last_refusal_unix_ms = instance->last_refusal_unix_ms;
    publishers.push_back(std::move(info));
  }
  std::sort(publishers.begin(), publishers.end(),
            [](const PublisherInfo& a, const PublisherInfo& b) {
              return std::tie(a.service, a.started_unix_ms, a.instance) <
                     std::tie(b.service, b.started_unix_ms, b.instance);
            });
  return publishers;
}

std::size_t Directory::living() const {
  return static_cast<std::size_t>(
      std::count_if(instances_.begin(), instances_.end(),
                    [](const auto& entry) { return !entry.second->ended; }));
}

std::size_t Directory::count(InstanceState state) const {
  return static_cast<std::size_t>(
      std::count_if(instances_.begin(), instances_.end(),
                    [state](const auto& entry) { return entry.second->state == state; }));
}

}  // namespace weir::sidecar
