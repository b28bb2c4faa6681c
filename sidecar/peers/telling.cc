#include "sidecar/peers/telling.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "schemas/mutant.h"
#include "sidecar/state/retired_base.h"
#include "sidecar/state/service_record.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kRecordBytes = kPeerMessageBytes / 2;
constexpr std::size_t kChunkBytes = kPeerMessageBytes - (16u << 10);

}  // namespace

Telling::Telling(std::string node, wire::InstanceId self, Parts parts)
    : node_(std::move(node)), self_(self), parts_(parts), writer_(parts.registry, kRecordBytes) {}

void Telling::wanted(const PeerHead& wish, std::vector<FinalEntry> finals) {
  std::erase_if(answers_, [&](const Answer& answer) { return answer.head.target == wish.sender; });
  Answer& answer = answers_.emplace_back();
  answer.head.sender = self_;
  answer.head.target = wish.sender;
  answer.head.pair = true;
  answer.head.number = wish.number;
  answer.remembered_digest = wish.remembered_digest;
  answer.finals = std::move(finals);
}

void Telling::pack_into(Answer& answer, PeerKind kind, const Bytes& records) {
  answer.head.kind = kind;
  std::vector<Bytes> messages;
  pack(records, node_, answer.head, messages);
  std::move(messages.begin(), messages.end(), std::back_inserter(answer.messages));
}

void Telling::add_base(Answer& answer) {
  if (answer.remembered_digest == parts_.directory.remembered_digest()) {
    return;
  }
  Bytes base;
  write_base(base, parts_.directory, parts_.retirement, writer_);
  const std::size_t chunks = (base.size() + kChunkBytes - 1) / kChunkBytes;
  Bytes records;
  for (std::size_t i = 0; i < chunks; ++i) {
    const std::size_t from = i * kChunkBytes;
    Bytes content;
    ByteWriter(content)
        .number(static_cast<std::uint32_t>(i))
        .number(static_cast<std::uint32_t>(chunks))
        .bytes(std::span<const std::uint8_t>(base).subspan(
            from, std::min(kChunkBytes, base.size() - from)));
    append_record(records, RecordKind::kChunk, content);
  }
  pack_into(answer, PeerKind::kBase, records);
}

bool Telling::agrees(const FinalEntry& final) const {
  if (parts_.directory.remembered(final.id) != Directory::Memory::kNothing) {
    return true;
  }
  const Instance* instance = parts_.directory.find(final.id);
  // Its file may stand where only this one sees it.
  return instance != nullptr && !instance->is_alive() &&
         !parts_.directory.awaits_cells(*instance) && digest_of_totals(*instance) == final.digest;
}

void Telling::add_agreed(Answer& answer) {
  std::erase_if(answer.finals, [&](const FinalEntry& final) { return !agrees(final); });
  if (answer.finals.empty()) {
    return;
  }
  Bytes records;
  append_finals(records, answer.finals);
  pack_into(answer, PeerKind::kAgreed, records);
}

void Telling::add_done(Answer& answer) {
  answer.head.kind = PeerKind::kDone;
  answer.head.parts = answer.head.part;
  Bytes& message = answer.messages.emplace_back();
  append_peer_head(message, node_, answer.head);
  Bytes services;
  append_services(services, parts_.directory.services());
  if (services.size() < kPeerMessageBytes) {
    ByteWriter(message).bytes(services);
  }
}

void Telling::begin(Answer& answer) {
  answer.begun = true;
  add_base(answer);
  if (mutant::lacks(mutant::Rule::kWholeSnapshots)) {
    return;
  }
  parts_.directory.for_each([&](const Instance& instance) {
    if (instance.identified) {
      answer.instances.push_back(instance.id);
    }
  });
}

void Telling::go_on(Answer& answer) {
  if (!answer.begun) {
    begin(answer);
    return;
  }
  // A message's worth of small instances, or one large one.
  Bytes records;
  while (answer.next_instance < answer.instances.size() && records.size() < kRecordBytes) {
    const Instance* instance = parts_.directory.find(answer.instances[answer.next_instance++]);
    if (instance != nullptr) {  // else it has become a part of the base meanwhile
      writer_.all_definitions(*instance, records);
      writer_.all_totals(*instance, records);
    }
  }
  if (!records.empty()) {
    pack_into(answer, PeerKind::kStatements, records);
  }
  if (answer.next_instance == answer.instances.size()) {
    add_agreed(answer);
    add_done(answer);
  }
}

std::vector<Bytes> Telling::compose(std::size_t bytes) {
  std::vector<Bytes> messages;
  std::size_t composed = 0;
  while (!answers_.empty() && composed < bytes) {
    Answer& answer = answers_.front();
    if (answer.messages.empty()) {
      go_on(answer);
    }
    while (!answer.messages.empty() && composed < bytes) {
      composed += answer.messages.front().size();
      messages.push_back(std::move(answer.messages.front()));
      answer.messages.pop_front();
    }
    if (answer.messages.empty() && answer.head.kind == PeerKind::kDone) {
      answers_.pop_front();
    }
  }
  return messages;
}

}  // namespace weir::sidecar
