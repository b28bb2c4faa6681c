// The publisher's side of the protocol as a state machine: when to send which frame, and what the
// answers mean. The clock and the transport are passed in. Single-threaded: only the publisher's
// worker thread calls this.
//
// 1. Nothing is sent while disconnected or while no sidecar serves the node: totals wait.
// 2. After each connection the first frame is a keyframe, sent as a request.
// 3. A goodbye is answered only by an acknowledgement that names it, or a goodbye that said the
//    same totals. Totals that moved since are said in another goodbye.
// 4. Who follows a publisher whose goodbye may have arrived, but was not answered, says that
//    goodbye to its end, as it was, and only then begins as an instance of its own: a sidecar that
//    has heard it merges nothing else of that instance, and later not even that. If it ends before
//    the answer, it says both goodbyes, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "frame_source.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"
#include "transport.h"
#include "weir/nats_publisher.h"

namespace weir {

struct Instant {
  std::int64_t steady_ms = 0;
  std::int64_t unix_ms = 0;
};

struct PublisherSettings {
  PublisherIdentity identity;
  std::string subject_prefix{wire::kDefaultSubjectPrefix};
  std::int64_t flush_interval_ms = 1000;
  std::int64_t heartbeat_interval_ms = 5000;
  std::int64_t goodbye_timeout_ms = 500;
};

class PublisherCore : private FrameSink {
 public:
  using NewInstance = std::function<wire::InstanceId()>;
  using Random = std::function<std::uint64_t()>;

  // `random` spreads answers over time; without it each comes as early as it may.
  PublisherCore(RegistryCore& registry, PublisherSettings settings, Transport& transport,
                NewInstance new_instance, Random random = {});
  ~PublisherCore();
  PublisherCore(const PublisherCore&) = delete;
  PublisherCore& operator=(const PublisherCore&) = delete;

  void on_tick(Instant now);
  // At the next tick, what changed is sent, whatever the interval says.
  void flush_at_next_tick() { flush_wanted_ = true; }
  // When on_tick wants to be called again, in steady milliseconds.
  [[nodiscard]] std::int64_t next_tick_ms(Instant now) const;

  // From now on ticks say goodbye, until finished().
  void begin_goodbye(Instant now);
  [[nodiscard]] bool finished() const { return phase_ == Phase::kFinished; }

  // The sidecar calls this node by another name than we did.
  void move_to_node(const std::string& node, Instant now);

  [[nodiscard]] PublisherStatus status() const;
  // Whether the place of the sidecar should be looked up again.
  [[nodiscard]] bool is_lost() const { return state_ != PublisherState::kPublishing; }

 private:
  enum class Phase : std::uint8_t { kRunning, kGoodbye, kFinished };
  static constexpr std::int64_t kNever = INT64_MAX;

  void frame(const wire::Frame& frame, std::span<const std::uint8_t> bytes) override;
  [[nodiscard]] bool check_link(Instant now);
  void receive(Instant now);
  void on_control(const wire::Frame& control, Instant now);
  void on_acknowledgement(const wire::Frame& acknowledgement, Instant now);
  void nobody_there(Instant now);
  void renew(Instant now, bool counted);
  void say_hello(Instant now);
  void say_what_changed(Instant now);
  [[nodiscard]] bool may_say_what_changed() const;
  [[nodiscard]] bool owes_a_goodbye() const;
  [[nodiscard]] std::int64_t some_of(std::int64_t span_ms) const;

  // publisher_goodbye.cc
  void say_goodbye(Instant now);
  void goodbye_step(Instant now);
  void finish(std::string reason);

  [[nodiscard]] std::size_t frame_bytes_max();
  [[nodiscard]] std::string where() const;

  RegistryCore& registry_;
  const PublisherSettings settings_;
  Transport& transport_;
  const NewInstance new_instance_;
  const Random random_;
  std::unique_ptr<FrameSource> source_;
  wire::Subjects subjects_;
  wire::Decoder decoder_;
  std::string subject_;  // of our frames

  PublisherState state_ = PublisherState::kConnecting;
  std::string reason_;
  PublisherStatus counts_;
  Phase phase_ = Phase::kRunning;

  bool listening_ = false;
  std::uint64_t connections_ = 0;  // as last seen
  bool was_heard_ = false;         // a sidecar has answered, once
  bool greeted_ = false;           // a keyframe has gone out on this connection
  bool answer_pending_ = false;
  bool flush_wanted_ = false;
  bool frame_failed_ = false;
  bool request_next_frame_ = false;  // the last part of what is being sent is a request
  std::int64_t keyframe_due_ms_ = kNever;
  std::int64_t hello_due_ms_ = kNever;  // again, if nobody answers
  std::int64_t hello_backoff_ms_ = 0;
  std::int64_t flush_due_ms_ = 0;
  std::int64_t last_frame_ms_ = 0;
  std::int64_t probe_due_ms_ = 0;

  std::int64_t goodbye_deadline_ms_ = 0;
  std::int64_t goodbye_again_ms_ = 0;
};

}  // namespace weir
