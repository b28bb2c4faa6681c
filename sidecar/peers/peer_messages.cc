#include "sidecar/peers/peer_messages.h"

namespace weir::sidecar {
namespace {

constexpr std::string_view kMagic = "WEIRPEER";

std::uint64_t mixed(std::uint64_t digest, std::uint64_t value) {
  // splitmix64's finalizer: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
  std::uint64_t z = digest + 0x9e3779b97f4a7c15ull + value;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace

void append_peer_head(Bytes& out, const std::string& node, const PeerHead& head) {
  Bytes content;
  ByteWriter(content)
      .text(kMagic)
      .number(kPeerVersion)
      .text(node)
      .number(head.kind)
      .number(head.sender)
      .number(head.target)
      .number(static_cast<std::uint8_t>(head.pair))
      .number(head.number)
      .number(head.part)
      .number(head.parts)
      .number(head.remembered_digest);
  append_record(out, RecordKind::kPeer, content);
}

std::string read_peer_head(RecordReader& message, const std::string& node, PeerHead& head) {
  Record record;
  if (!message.next(record) || record.kind != RecordKind::kPeer) {
    return "no message of a sidecar";
  }
  ByteReader reader(record.content);
  if (reader.text() != kMagic) {
    return "no message of a sidecar";
  }
  if (const auto version = reader.number<std::uint32_t>(); version != kPeerVersion) {
    return "a sidecar that speaks version " + std::to_string(version) + " to others, this one " +
           std::to_string(kPeerVersion);
  }
  if (const std::string_view theirs = reader.text(); theirs != node) {
    return "a sidecar of node " + std::string(theirs.substr(0, 256));
  }
  head.kind = reader.number<PeerKind>();
  head.sender = reader.number<wire::InstanceId>();
  head.target = reader.number<wire::InstanceId>();
  head.pair = reader.number<std::uint8_t>() != 0;
  head.number = reader.number<std::uint32_t>();
  head.part = reader.number<std::uint32_t>();
  head.parts = reader.number<std::uint32_t>();
  head.remembered_digest = reader.number<std::uint64_t>();
  if (!reader.ok() || head.sender.is_zero()) {
    return "the head of a sidecar's message is cut off";
  }
  return head.kind < PeerKind::kHello || head.kind > PeerKind::kDone
             ? "a sidecar's message of an unknown kind"
             : "";
}

std::uint64_t digest_of_totals(const Instance& instance) {
  std::uint64_t digest = 0;
  for (std::uint32_t id = 0; id < instance.targets.size(); ++id) {
    const Target target = instance.targets[id];
    const auto kind = static_cast<std::uint64_t>(target.kind());
    if (target.kind() == TargetKind::kHistogram) {
      const InstanceHistogram& histogram = instance.histograms[target.index()];
      for (std::uint32_t i = 0; i < histogram.buckets; ++i) {
        if (const std::uint64_t total = instance.applied_buckets[histogram.applied + i]) {
          digest = mixed(mixed(digest, (std::uint64_t{id} << 16) + i), total);
        }
      }
    } else if ((target.kind() == TargetKind::kCounter || target.kind() == TargetKind::kDouble) &&
               instance.applied[id] != 0) {
      digest =
          mixed(mixed(digest, (std::uint64_t{id} << 16) + 0xffff), instance.applied[id] + kind);
    }
  }
  return digest;
}

void append_finals(Bytes& out, std::span<const FinalEntry> finals) {
  append_record(out, RecordKind::kFinals,
                {reinterpret_cast<const std::uint8_t*>(finals.data()), finals.size_bytes()});
}

std::vector<FinalEntry> read_finals(const Record& record) {
  std::vector<FinalEntry> finals;
  ByteReader reader(record.content);
  while (!reader.rest().empty()) {
    const auto entry = reader.number<FinalEntry>();
    if (reader.ok()) {
      finals.push_back(entry);
    }
  }
  return finals;
}

void pack(std::span<const std::uint8_t> records, const std::string& node, PeerHead& head,
          std::vector<Bytes>& messages) {
  RecordReader reader(records);
  Record record;
  Bytes* message = nullptr;
  while (reader.next(record)) {
    if (message == nullptr || message->size() + record.content.size() > kPeerMessageBytes) {
      message = &messages.emplace_back();
      append_peer_head(*message, node, head);
      ++head.part;
    }
    append_record(*message, record.kind, record.content);
  }
}

}  // namespace weir::sidecar
