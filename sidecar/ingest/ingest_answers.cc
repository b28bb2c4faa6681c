// What goes back: acknowledgements, keyframe requests, and refusals for people. The part of Ingest
// that merges nothing.
#include <algorithm>
#include <utility>

#include "sidecar/ingest/ingest.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kRefusalsRemembered = 50;

}  // namespace

void Ingest::refuse(const Envelope& envelope, wire::Refusal refusal, Instance* instance,
                    std::uint64_t frames) {
  counts_.refused[static_cast<std::size_t>(refusal.reason)] += frames;
  if (refusal.reason != wire::Reason::kUnknownInstance) {
    remember_refusal(envelope, refusal, instance);
  }
}

void Ingest::remember_refusal(const Envelope& envelope, const wire::Refusal& refusal,
                              Instance* instance) {
  if (instance != nullptr) {
    instance->last_refusal = refusal.detail;
    instance->last_refusal_unix_ms = envelope.now_unix_ms;
  }
  RefusalInfo info{envelope.now_unix_ms, std::string(envelope.subject),
                   std::string(wire::reason_name(refusal.reason)), refusal.detail};
  // One that comes with every frame must not push out all others.
  const auto same = std::find_if(refusals_.begin(), refusals_.end(), [&](const RefusalInfo& other) {
    return other.subject == info.subject && other.reason == info.reason &&
           other.detail == info.detail;
  });
  if (same != refusals_.end()) {
    refusals_.erase(same);
  }
  refusals_.push_front(std::move(info));
  if (refusals_.size() > kRefusalsRemembered) {
    refusals_.pop_back();
  }
}

void Ingest::answer(const Envelope& envelope, wire::Kind to, const wire::InstanceId& instance,
                    std::uint64_t seq) {
  Final final{instance, std::string(envelope.reply), seq};
  if (to == wire::Kind::kGoodbye && waits_for_disk_) {
    finals_.push_back(std::move(final));
  } else {
    answer(final, false);
  }
}

void Ingest::answer(const Final& final, bool durable) {
  if (final.reply.empty()) {
    return;
  }
  wire::Frame ack;
  ack.kind = wire::Kind::kAck;
  ack.instance = final.instance;
  ack.seq = final.seq;
  ack.durable = durable;
  ack.sender = rules_.sender;
  control_.send(final.reply, encoder_.encode(ack));
}

void Ingest::send_control(wire::Kind kind, const wire::InstanceId& instance,
                          std::string_view node) {
  wire::Frame control;
  control.kind = kind;
  control.instance = instance;
  control.sender = rules_.sender;
  control_.send(subjects_.control(node, instance), encoder_.encode(control));
}

void Ingest::ask_if_due(Instance& instance, std::int64_t now_unix_ms) {
  if (!instance.ended && requests_.take(instance, now_unix_ms)) {
    ++counts_.keyframes_asked;
    send_control(wire::Kind::kKeyframeWanted, instance.id, instance.node);
  }
}

}  // namespace weir::sidecar
