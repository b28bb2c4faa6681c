#include "sidecar/peers/roster.h"

#include <algorithm>

namespace weir::sidecar {

Roster::Peer* Roster::find(const wire::InstanceId& id) {
  const auto at = std::find_if(peers_.begin(), peers_.end(),
                               [&](const Peer& peer) { return peer.info.id == id; });
  return at == peers_.end() ? nullptr : &*at;
}

bool Roster::heard(const PeerHead& head, std::int64_t now_unix_ms) {
  Peer* peer = find(head.sender);
  if (peer == nullptr) {
    if (peers_.size() >= kPeersMax) {
      return false;
    }
    peer = &peers_.emplace_back();
    peer->info.id = head.sender;
    peer->ask_due_unix_ms = now_unix_ms;
    hello_due_unix_ms_ = now_unix_ms;  // it may not know of us
  }
  peer->info.pair = head.pair;
  peer->info.last_heard_unix_ms = now_unix_ms;
  return true;
}

void Roster::left(const wire::InstanceId& id) {
  std::erase_if(peers_, [&](const Peer& peer) { return peer.info.id == id; });
}

void Roster::forget_silent(std::int64_t now_unix_ms) {
  std::erase_if(peers_, [&](const Peer& peer) {
    return now_unix_ms - peer.info.last_heard_unix_ms > rules_.expire_ms;
  });
}

bool Roster::take_hello_due(std::int64_t now_unix_ms) {
  if (now_unix_ms < hello_due_unix_ms_) {
    return false;
  }
  hello_due_unix_ms_ = now_unix_ms + rules_.hello_ms;
  return true;
}

std::optional<Roster::Wish> Roster::take_ask_due(std::int64_t now_unix_ms) {
  for (Peer& peer : peers_) {
    if (rules_.pair && peer.info.pair && now_unix_ms >= peer.ask_due_unix_ms) {
      peer.number = ++wishes_;
      peer.came.clear();
      peer.ask_due_unix_ms =
          now_unix_ms + (peer.info.exchanged_unix_ms == 0 ? rules_.retry_ms : rules_.exchange_ms);
      return Wish{peer.info.id, peer.number};
    }
  }
  return std::nullopt;
}

bool Roster::wanted(const PeerHead& head) const {
  return std::any_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
    return peer.info.id == head.sender && peer.info.pair && peer.number == head.number &&
           peer.number != 0;
  });
}

void Roster::answered(const PeerHead& head) {
  if (Peer* peer = find(head.sender)) {
    constexpr std::uint32_t kMessagesMax = 1u << 20;
    if (head.part < kMessagesMax) {
      peer->came.resize(std::max<std::size_t>(peer->came.size(), head.part + std::size_t{1}));
      peer->came[head.part] = true;
    }
    // A long answer is not asked for again while it comes.
    peer->ask_due_unix_ms =
        std::max(peer->ask_due_unix_ms, peer->info.last_heard_unix_ms + rules_.retry_ms);
  }
}

bool Roster::done(const PeerHead& head, std::int64_t now_unix_ms) {
  Peer* peer = find(head.sender);
  if (peer == nullptr) {
    return false;
  }
  const auto came = std::count(peer->came.begin(), peer->came.end(), true);
  if (came != static_cast<std::ptrdiff_t>(head.parts)) {  // some were lost
    peer->ask_due_unix_ms = std::min(peer->ask_due_unix_ms, now_unix_ms + rules_.retry_ms);
    return false;
  }
  peer->info.exchanged_unix_ms = now_unix_ms;
  peer->ask_due_unix_ms = now_unix_ms + rules_.exchange_ms;
  return true;
}

std::vector<PeerInfo> Roster::list() const {
  std::vector<PeerInfo> peers;
  for (const Peer& peer : peers_) {
    peers.push_back(peer.info);
  }
  return peers;
}

std::size_t Roster::paired() const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.info.pair; }));
}

}  // namespace weir::sidecar
