#include "publisher_core.h"

#include <algorithm>
#include <utility>

#include "schemas/limits.h"
#include "schemas/mutant.h"

namespace weir {
namespace {

constexpr std::int64_t kHelloAgainMs = 5000;
constexpr std::int64_t kHelloAgainMaxMs = 60'000;
constexpr std::int64_t kPollMs = 1000;      // control messages may wait that long
constexpr std::int64_t kPollEagerMs = 50;   // an answer is expected
constexpr std::int64_t kPollDownMs = 100;   // a connection may come
constexpr std::int64_t kPollGoodbyeMs = 2;  // someone waits for us to end
constexpr std::int64_t kSpreadMaxMs = 60'000;
constexpr std::int64_t kReturnSpreadMaxMs = 1000;

std::unique_ptr<FrameSource> source_of(RegistryCore& registry, const PublisherIdentity& identity,
                                       wire::InstanceId instance) {
  std::unique_ptr<FrameSource> former = registry.take_source();
  if (former == nullptr) {
    return std::make_unique<FrameSource>(registry, identity, instance);
  }
  former->inherit(identity, instance);
  return former;
}

}  // namespace

PublisherCore::PublisherCore(RegistryCore& registry, PublisherSettings settings,
                             Transport& transport, NewInstance new_instance, Random random)
    : registry_(registry),
      settings_(std::move(settings)),
      transport_(transport),
      new_instance_(std::move(new_instance)),
      random_(std::move(random)),
      source_(source_of(registry, settings_.identity, new_instance_())),
      subjects_{settings_.subject_prefix},
      reason_("connecting") {
  subject_ =
      subjects_.publish(source_->identity().node, source_->identity().service, source_->instance());
  source_->name_cells(settings_.subject_prefix);
}

PublisherCore::~PublisherCore() {
  registry_.leave_source(std::move(source_));
}

void PublisherCore::on_tick(Instant now) {
  if (phase_ == Phase::kFinished) {
    return;
  }
  const bool connected = check_link(now);
  if (connected) {
    receive(now);
  }
  if (phase_ == Phase::kGoodbye) {
    goodbye_step(now);
    return;
  }
  if (!connected) {
    return;
  }
  if (now.steady_ms >= std::min(keyframe_due_ms_, hello_due_ms_)) {
    say_hello(now);
  } else if (may_say_what_changed() && (flush_wanted_ || now.steady_ms >= flush_due_ms_)) {
    say_what_changed(now);
  }
}

bool PublisherCore::check_link(Instant now) {
  const Transport::Link link = transport_.link();
  if (link != Transport::Link::kConnected) {
    if (phase_ == Phase::kRunning) {
      state_ = PublisherState::kConnecting;
      reason_ = "not connected to " + transport_.url() + ": " + transport_.why_down();
    }
    listening_ = false;
    return false;
  }
  if (const std::uint64_t connections = transport_.connections(); connections != connections_) {
    // Who lost NATS lost it together with all others, and all are back in one moment.
    const bool again = connections_ != 0;
    const std::int64_t spread = std::min(kReturnSpreadMaxMs, settings_.flush_interval_ms);
    counts_.reconnects += again ? 1 : 0;
    connections_ = connections;
    listening_ = false;
    keyframe_due_ms_ = now.steady_ms + (again ? some_of(spread) : 0);
    hello_due_ms_ = kNever;
    hello_backoff_ms_ = 0;
  }
  if (!listening_) {
    listening_ = transport_.listen(source_->identity().node, source_->instance());
    if (!listening_) {
      reason_ =
          "connected to " + transport_.url() + ", but can not subscribe: " + transport_.why_down();
      return false;
    }
    if (phase_ == Phase::kRunning) {
      state_ = PublisherState::kConnecting;
      reason_ = where() + ", waiting for a sidecar's answer";
    }
    greeted_ = false;
    if (keyframe_due_ms_ == kNever) {
      keyframe_due_ms_ = now.steady_ms;
    }
  }
  return true;
}

void PublisherCore::receive(Instant now) {
  Transport::Message message;
  while (transport_.receive(message)) {
    if (message.no_responders) {
      nobody_there(now);
    } else if (!decoder_.decode(message.bytes)) {
      on_control(decoder_.frame(), now);
    }
    // What is no frame of ours (a JetStream reply, a stranger's message) means nothing here.
  }
}

void PublisherCore::on_control(const wire::Frame& control, Instant now) {
  const bool for_us = control.instance == source_->instance();
  if (control.kind == wire::Kind::kKeyframeWanted) {
    // By subject for us, or for all publishers of the node; what is due earlier stays so.
    const std::int64_t spread = std::min<std::int64_t>(control.spread_ms, kSpreadMaxMs);
    keyframe_due_ms_ = std::min(keyframe_due_ms_, now.steady_ms + some_of(spread));
  } else if (control.kind == wire::Kind::kRebase && for_us &&
             (phase_ == Phase::kRunning || source_->owes_formers_goodbye())) {
    renew(now, true);
  } else if (control.kind == wire::Kind::kAck && for_us) {
    on_acknowledgement(control, now);
  }
}

void PublisherCore::on_acknowledgement(const wire::Frame& acknowledgement, Instant now) {
  answer_pending_ = false;
  was_heard_ = true;
  hello_due_ms_ = kNever;
  hello_backoff_ms_ = 0;
  const bool ends_goodbye = source_->acknowledged(acknowledgement.seq);
  if (phase_ == Phase::kGoodbye) {
    counts_.goodbye_durable |= ends_goodbye && acknowledgement.durable;
    return;
  }
  state_ = PublisherState::kPublishing;
  reason_ = where() + ", publishing";
  if (ends_goodbye) {
    renew(now, true);  // the former publisher has ended; what it said is counted
  } else if (owes_a_goodbye()) {
    keyframe_due_ms_ = now.steady_ms;  // it was an older one's; more was said since
  }
}

void PublisherCore::nobody_there(Instant now) {
  answer_pending_ = false;
  if (phase_ == Phase::kGoodbye) {
    if (!was_heard_) {
      finish(where() + ", but no sidecar serves node " + source_->identity().node);
    }
    return;
  }
  state_ = PublisherState::kNoSidecar;
  reason_ = where() + ", but no sidecar serves node " + source_->identity().node;
  hello_due_ms_ = now.steady_ms + kHelloAgainMs;
}

void PublisherCore::renew(Instant now, bool counted) {
  source_->renew(new_instance_(), now.unix_ms, counted);
  source_->name_cells(settings_.subject_prefix);
  subject_ =
      subjects_.publish(source_->identity().node, source_->identity().service, source_->instance());
  listening_ = false;
  keyframe_due_ms_ = now.steady_ms;
  hello_due_ms_ = kNever;
  goodbye_again_ms_ = now.steady_ms;
  (void)check_link(now);  // subscribes as the new instance before it speaks
}

void PublisherCore::move_to_node(const std::string& node, Instant now) {
  if (node == source_->identity().node || phase_ != Phase::kRunning) {
    return;
  }
  source_->move_to_node(node);
  renew(now, source_->any_acknowledged());
}

void PublisherCore::say_hello(Instant now) {
  registry_.run_export_callbacks();
  frame_failed_ = false;
  request_next_frame_ = true;
  source_->keyframe(owes_a_goodbye() ? wire::Kind::kGoodbye : wire::Kind::kKeyframe, now.unix_ms,
                    frame_bytes_max(), *this);
  request_next_frame_ = false;
  greeted_ = greeted_ || !frame_failed_;
  keyframe_due_ms_ = frame_failed_ ? now.steady_ms + kPollMs : kNever;
  counts_.keyframes_sent += frame_failed_ ? 0 : 1;
  // Who listens but does not answer (an overloaded sidecar) is not to be stormed.
  hello_backoff_ms_ =
      hello_backoff_ms_ == 0 ? kHelloAgainMs : std::min(2 * hello_backoff_ms_, kHelloAgainMaxMs);
  hello_due_ms_ = now.steady_ms + (frame_failed_ ? kPollMs : hello_backoff_ms_);
  answer_pending_ = !frame_failed_;
  last_frame_ms_ = now.steady_ms;
  probe_due_ms_ = now.steady_ms + settings_.heartbeat_interval_ms;
  flush_due_ms_ = now.steady_ms + settings_.flush_interval_ms;
  flush_wanted_ = false;
}

void PublisherCore::say_what_changed(Instant now) {
  registry_.run_export_callbacks();
  frame_failed_ = false;
  // A request now and then: a sidecar answers only what it must, but that nobody listens any more
  // comes back at once.
  request_next_frame_ = now.steady_ms >= probe_due_ms_;
  const bool probe = request_next_frame_;
  bool sent = source_->delta(now.unix_ms, frame_bytes_max(), *this) > 0;
  if (!sent && now.steady_ms - last_frame_ms_ + settings_.flush_interval_ms >
                   settings_.heartbeat_interval_ms) {
    source_->heartbeat(now.unix_ms, *this);
    sent = true;
  }
  request_next_frame_ = false;
  if (sent) {
    last_frame_ms_ = now.steady_ms;
    probe_due_ms_ = probe ? now.steady_ms + settings_.heartbeat_interval_ms : probe_due_ms_;
  }
  if (frame_failed_) {
    keyframe_due_ms_ =
        std::min(keyframe_due_ms_, now.steady_ms + std::min(kPollMs, settings_.flush_interval_ms));
  }
  flush_due_ms_ += settings_.flush_interval_ms;
  if (flush_wanted_ || flush_due_ms_ <= now.steady_ms) {
    flush_due_ms_ = now.steady_ms + settings_.flush_interval_ms;
  }
  flush_wanted_ = false;
}

bool PublisherCore::may_say_what_changed() const {
  return greeted_ && state_ != PublisherState::kNoSidecar && !owes_a_goodbye();
}

bool PublisherCore::owes_a_goodbye() const {
  return phase_ == Phase::kRunning && source_->farewell() == Farewell::kSaid;
}

std::int64_t PublisherCore::some_of(std::int64_t span_ms) const {
  return random_ == nullptr
             ? 0
             : static_cast<std::int64_t>(random_() % (static_cast<std::uint64_t>(span_ms) + 1));
}

void PublisherCore::frame(const wire::Frame& frame, std::span<const std::uint8_t> bytes) {
  const bool last_part = frame.part + 1 == frame.parts;
  if (!transport_.publish(subject_, bytes, request_next_frame_ && last_part)) {
    frame_failed_ = true;
    return;
  }
  ++counts_.frames_sent;
  counts_.bytes_sent += bytes.size();
}

std::size_t PublisherCore::frame_bytes_max() {
  return std::min(transport_.payload_bytes_max(), wire::Limits{}.frame_bytes_max);
}

std::string PublisherCore::where() const {
  return "connected to " + transport_.url();
}

std::int64_t PublisherCore::next_tick_ms(Instant now) const {
  if (phase_ == Phase::kGoodbye) {
    return now.steady_ms + kPollGoodbyeMs;
  }
  std::int64_t next = now.steady_ms + (!listening_       ? kPollDownMs
                                       : answer_pending_ ? kPollEagerMs
                                                         : kPollMs);
  if (listening_) {
    next = std::min({next, keyframe_due_ms_, hello_due_ms_});
    if (may_say_what_changed()) {
      next = std::min(next, flush_due_ms_);
    }
  }
  return std::max(next, now.steady_ms);
}

PublisherStatus PublisherCore::status() const {
  PublisherStatus status = counts_;
  status.state = state_;
  status.reason = reason_;
  status.url = transport_.url();
  status.node = source_->identity().node;
  status.service = source_->identity().service;
  status.instance = source_->instance().to_string();
  CellsState cells = registry_.cells();
  status.cells_file = std::move(cells.file);
  status.cells_note = std::move(cells.note);
  return status;
}

}  // namespace weir
