#include "sidecar/peers/exchange.h"

#include <algorithm>
#include <utility>

#include "sidecar/state/service_record.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kBaseBytesMax = 256u << 20;
constexpr std::size_t kFinalsMax = 10'000;  // in one wish; the others wait for the next
constexpr std::size_t kAgreedMax = 100'000;

PeerRules with_self(PeerRules rules) {
  if (rules.self.is_zero()) {
    rules.self = wire::InstanceId::random();
  }
  return rules;
}

}  // namespace

Exchange::Exchange(PeerRules rules, std::string node, const std::string& subject_prefix,
                   Parts parts, std::int64_t now_unix_ms)
    : rules_(with_self(rules)),
      node_(std::move(node)),
      subject_(wire::Subjects{subject_prefix}.peers(node_)),
      parts_(parts),
      roster_(rules_, now_unix_ms),
      telling_(node_, rules_.self, {parts.registry, parts.directory, parts.retirement}),
      hearing_(subject_prefix, {parts.registry, parts.directory, parts.ingest}) {}

// ---- What is said

void Exchange::send(PeerHead head, std::span<const FinalEntry> finals) {
  head.sender = rules_.self;
  head.pair = rules_.pair;
  Bytes message;
  append_peer_head(message, node_, head);
  if (!finals.empty()) {
    append_finals(message, finals);
  }
  parts_.control.send(subject_, message);
}

std::vector<FinalEntry> Exchange::ripe_finals(std::int64_t now_unix_ms) const {
  std::vector<FinalEntry> finals;
  parts_.directory.for_each_ripe(now_unix_ms, [&](const Instance& instance) {
    if (finals.size() < kFinalsMax) {
      finals.push_back({instance.id, digest_of_totals(instance)});
    }
  });
  return finals;
}

void Exchange::tick(std::int64_t now_unix_ms) {
  roster_.forget_silent(now_unix_ms);
  if (roster_.take_hello_due(now_unix_ms)) {
    send({.kind = PeerKind::kHello});
  }
  while (const auto wish = roster_.take_ask_due(now_unix_ms)) {
    send({.kind = PeerKind::kWant,
          .target = wish->peer,
          .number = wish->number,
          .remembered_digest = parts_.directory.remembered_digest()},
         ripe_finals(now_unix_ms));
  }
}

void Exchange::set_connected(bool connected, std::int64_t now_unix_ms) {
  if (connected == (connected_unix_ms_ != 0)) {
    return;
  }
  connected_unix_ms_ = connected ? now_unix_ms : 0;
  if (connected) {
    roster_.hello_now(now_unix_ms);
  }
}

void Exchange::leave() {
  send({.kind = PeerKind::kLeave});
}

// ---- What is heard

bool Exchange::receive(std::span<const std::uint8_t> bytes, std::int64_t now_unix_ms) {
  RecordReader message(bytes);
  PeerHead head;
  std::string why = read_peer_head(message, node_, head);
  if (why.empty() && head.sender != rules_.self) {
    why = act(head, message, now_unix_ms);
    if (why.empty()) {
      why = message.why_stopped();
    }
  }
  if (!why.empty()) {
    ++counts_.refused;
    counts_.last_refusal = std::move(why);
    return false;
  }
  return true;
}

std::string Exchange::act(const PeerHead& head, RecordReader& message, std::int64_t now_unix_ms) {
  if (head.kind == PeerKind::kLeave) {
    roster_.left(head.sender);
    return {};
  }
  if (!roster_.heard(head, now_unix_ms)) {
    return "more sidecars than " + std::to_string(Roster::kPeersMax);
  }
  if (!rules_.pair || !head.pair) {
    return {};
  }
  parts_.directory.peer_heard(now_unix_ms);
  if (head.target != rules_.self) {
    return {};
  }
  if (head.kind == PeerKind::kWant) {
    Record record;
    std::vector<FinalEntry> finals;
    while (message.next(record)) {
      if (record.kind == RecordKind::kFinals) {
        finals = read_finals(record);
      }
    }
    telling_.wanted(head, std::move(finals));
    return {};
  }
  return roster_.wanted(head) ? hear(head, message, now_unix_ms) : "";
}

std::string Exchange::hear(const PeerHead& head, RecordReader& message, std::int64_t now_unix_ms) {
  if (head.kind == PeerKind::kDone) {
    done(head, message, now_unix_ms);
    return {};
  }
  std::string refused;
  Record record;
  while (message.next(record)) {
    std::string why;
    if (head.kind == PeerKind::kStatements) {
      why = hearing_.take(record, now_unix_ms);
    } else if (head.kind == PeerKind::kBase) {
      why = add_chunk(head, record);
    } else if (head.kind == PeerKind::kAgreed) {
      agreed(head, record);
    }
    refused = why.empty() ? refused : why;
  }
  roster_.answered(head);
  return refused;
}

std::string Exchange::add_chunk(const PeerHead& head, const Record& record) {
  if (incoming_.sender != head.sender || incoming_.number != head.number) {
    incoming_ = {};
    incoming_.sender = head.sender;
    incoming_.number = head.number;
  }
  ByteReader reader(record.content);
  const auto chunk = reader.number<std::uint32_t>();
  const auto chunks = reader.number<std::uint32_t>();
  const std::span<const std::uint8_t> bytes = reader.rest();
  if (record.kind != RecordKind::kChunk || !reader.ok() || chunk >= chunks) {
    return "no chunk of a base";
  }
  if (incoming_.bytes + bytes.size() > kBaseBytesMax) {
    incoming_ = {};
    return "a base of more than " + std::to_string(kBaseBytesMax) + " bytes";
  }
  if (incoming_.chunks.try_emplace(chunk, bytes.begin(), bytes.end()).second) {
    incoming_.bytes += bytes.size();
  }
  if (incoming_.chunks.size() == chunks) {
    Bytes base;
    base.reserve(incoming_.bytes);
    for (const auto& [number, part] : incoming_.chunks) {
      base.insert(base.end(), part.begin(), part.end());
    }
    base_ = std::move(base);
    incoming_ = {};
  }
  return {};
}

void Exchange::agreed(const PeerHead& head, const Record& record) {
  if (record.kind != RecordKind::kFinals) {
    return;
  }
  if (agreed_.size() > kAgreedMax) {
    agreed_.clear();
  }
  for (const FinalEntry& final : read_finals(record)) {
    Instance* instance = parts_.directory.find(final.id);
    if (instance == nullptr || instance->is_alive() ||
        digest_of_totals(*instance) != final.digest) {
      continue;
    }
    std::set<wire::InstanceId>& by = agreed_[final.id];
    by.insert(head.sender);
    const std::vector<PeerInfo> peers = roster_.list();
    instance->peer_agreed = std::all_of(peers.begin(), peers.end(), [&](const PeerInfo& peer) {
      return !peer.pair || by.contains(peer.id);
    });
    if (instance->peer_agreed) {
      agreed_.erase(final.id);
    }
  }
}

void Exchange::done(const PeerHead& head, RecordReader& message, std::int64_t now_unix_ms) {
  if (!roster_.done(head, now_unix_ms)) {
    return;
  }
  ++counts_.answers;
  Record record;
  while (message.next(record)) {
    if (record.kind == RecordKind::kServices && starts_empty_ && !answered_) {
      ServiceLog theirs(0);
      if (restore_services(ByteReader(record.content), theirs)) {
        theirs.for_each(
            [&](const ServiceLog::Entry& entry) { parts_.directory.services().raise(entry.info); });
      }
    }
  }
  parts_.directory.recount_living();
  answered_ = true;
}

// ---- What comes of it

bool Exchange::awaits_answer(std::int64_t now_unix_ms) const {
  if (!starts_empty_ || (answered_ && !base_)) {
    return false;
  }
  const bool introduced =
      connected_unix_ms_ != 0 && now_unix_ms - connected_unix_ms_ >= rules_.introduction_ms;
  return roster_.paired() > 0 || base_.has_value() || !introduced;
}

std::optional<Bytes> Exchange::take_base() {
  return std::exchange(base_, std::nullopt);
}

void Exchange::base_ended(BaseOutcome outcome, const std::string& why) {
  if (outcome == BaseOutcome::kTaken) {
    ++counts_.bases_taken;
  } else if (outcome == BaseOutcome::kLower || outcome == BaseOutcome::kDamaged) {
    ++counts_.bases_refused;
    counts_.last_refusal = "the retired totals of another sidecar: " + why;
  }
}

std::string Exchange::warning() const {
  const std::vector<PeerInfo> peers = roster_.list();
  const auto stranger = std::find_if(
      peers.begin(), peers.end(), [&](const PeerInfo& peer) { return !rules_.pair || !peer.pair; });
  if (stranger == peers.end()) {
    return {};
  }
  return "another sidecar of node " + node_ + " counts the same publishers, and " +
         (rules_.pair ? "it has not set pair: true" : "pair: true is not set here") +
         ": their counters can differ";
}

}  // namespace weir::sidecar
