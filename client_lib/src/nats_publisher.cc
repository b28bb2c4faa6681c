#include "weir/nats_publisher.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "discovery.h"
#include "nats_transport.h"
#include "publisher_core.h"
#include "registry_core.h"

namespace weir {
namespace {

constexpr std::int64_t kLookAgainMs = 1000;
constexpr std::int64_t kConnectAgainMinMs = 250;
constexpr std::int64_t kConnectAgainMaxMs = 5000;

Instant now() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  return {duration_cast<milliseconds>(steady).count(),
          duration_cast<milliseconds>(unix_time).count()};
}

std::uint64_t pid_namespace() {
  struct stat info {};
  return ::stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
}

PublisherSettings settings_of(const Discovered& discovered, bool service_label) {
  PublisherSettings settings;
  settings.identity.node = discovered.node;
  settings.identity.service = discovered.service;
  settings.identity.pid = static_cast<std::uint32_t>(::getpid());
  settings.identity.pid_namespace = pid_namespace();
  settings.identity.started_unix_ms = now().unix_ms;
  settings.identity.flush_interval_ms = static_cast<std::uint32_t>(discovered.flush_interval_ms);
  settings.identity.heartbeat_interval_ms =
      static_cast<std::uint32_t>(discovered.heartbeat_interval_ms);
  settings.identity.service_label = service_label;
  settings.subject_prefix = discovered.subject_prefix;
  settings.flush_interval_ms = discovered.flush_interval_ms;
  settings.heartbeat_interval_ms = discovered.heartbeat_interval_ms;
  settings.goodbye_timeout_ms = discovered.goodbye_timeout_ms;
  return settings;
}

// The worker and the threads of nats.c that it starts leave the program's signals alone.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

const char* state_name(PublisherState state) {
  switch (state) {
    case PublisherState::kConnecting:
      return "connecting";
    case PublisherState::kNoSidecar:
      return "no_sidecar";
    case PublisherState::kPublishing:
      return "publishing";
    case PublisherState::kStopped:
      return "stopped";
    case PublisherState::kFailed:
      return "failed";
  }
  return "unknown";
}

class NatsPublisher::Worker {
 public:
  Worker(RegistryCore& registry, NatsPublisherOptions options)
      : registry_(registry), options_(std::move(options)) {
    Discovered discovered;
    const Status found = discover(options_, surroundings_, discovered);
    status_.service = discovered.service;
    status_.node = discovered.node;
    if (!found.ok() || !registry_.status().ok()) {
      status_.state = PublisherState::kFailed;
      status_.reason = found.ok() ? registry_.status().reason() : found.reason();
      return;
    }
    if (discovered.exporter_is_null) {
      status_.state = PublisherState::kStopped;
      status_.reason = "WEIR_EXPORTER=null: nothing is published";
      return;
    }
    status_.url = without_secrets(discovered.connect.url);
    status_.reason = "connecting to " + status_.url;
    connect_ = discovered.connect;
    settings_ = settings_of(discovered, options_.service_label);
    const AllSignalsBlocked blocked;
    registry_.give_child_a_file();
    try {
      // Here, not in the thread: from now on the cells file says whose totals it holds, and a kill
      // before the connection is made loses nothing.
      transport_ = std::make_unique<NatsTransport>("weir-client " + settings_.identity.service,
                                                   wire::Subjects{settings_.subject_prefix});
      core_ = std::make_unique<PublisherCore>(registry_, settings_, *transport_,
                                              wire::InstanceId::random,
                                              [] { return wire::InstanceId::random().low; });
      thread_ = std::thread([this] { run(); });
    } catch (const std::exception& error) {
      status_.state = PublisherState::kFailed;
      status_.reason = std::string("can not start the publisher's thread: ") + error.what();
      core_.reset();
    }
  }

  // A forked child has no worker thread, and locks that may never open.
  [[nodiscard]] bool is_ours() const { return ::getpid() == pid_; }

  PublisherStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    flush_wanted_ = true;
    wake_.notify_all();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_wanted_ = true;
      wake_.notify_all();
    }
    const std::lock_guard joining(join_mutex_);
    if (thread_.joinable()) {
      thread_.join();
    }
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "weir-publisher");
    transport_->connect(connect_);
    while (!core_->finished()) {
      const Instant tick = now();
      core_->on_tick(tick);
      if (!core_->finished()) {
        look_again(*core_, *transport_, tick);
        wait(*core_, tick);
      }
    }
    publish_status(*core_);
    core_.reset();  // a further publisher of this registry counts on from it
    transport_.reset();
  }

  void wait(PublisherCore& core, Instant tick) {
    PublisherStatus fresh = core.status();
    std::unique_lock lock(mutex_);
    status_ = std::move(fresh);
    const auto until = std::chrono::milliseconds(core.next_tick_ms(tick) - tick.steady_ms);
    wake_.wait_for(lock, until, [&] { return flush_wanted_ || (stop_wanted_ && !stopping_); });
    if (std::exchange(flush_wanted_, false)) {
      core.flush_at_next_tick();
    }
    if (stop_wanted_ && !stopping_) {
      stopping_ = true;
      core.begin_goodbye(now());
    }
  }

  void publish_status(const PublisherCore& core) {
    PublisherStatus fresh = core.status();
    const std::lock_guard lock(mutex_);
    status_ = std::move(fresh);
  }

  // The sidecar may have started later than we, or anew on another port, with another token.
  void look_again(PublisherCore& core, NatsTransport& transport, Instant tick) {
    if (!core.is_lost()) {
      connect_again_delay_ms_ = kConnectAgainMinMs;
      return;
    }
    if (stopping_) {
      return;
    }
    bool connect_anew = transport.is_closed() && tick.steady_ms >= connect_again_ms_;
    if (tick.steady_ms >= look_again_ms_ || connect_anew) {
      look_again_ms_ = tick.steady_ms + kLookAgainMs;
      Discovered discovered;
      // The options were good; a file that is half written will be whole the next time.
      if (discover(options_, surroundings_, discovered).ok()) {
        core.move_to_node(discovered.node, tick);
        connect_anew = connect_anew || discovered.connect != connect_;
        connect_ = discovered.connect;
      }
    }
    if (connect_anew) {
      transport.connect(connect_);
      const auto chance = static_cast<std::int64_t>(wire::InstanceId::random().low >> 1);
      connect_again_ms_ = now().steady_ms + connect_again_delay_ms_ / 2 +
                          chance % (connect_again_delay_ms_ / 2 + 1);
      connect_again_delay_ms_ = std::min(2 * connect_again_delay_ms_, kConnectAgainMaxMs);
    }
  }

  const pid_t pid_ = ::getpid();
  RegistryCore& registry_;
  const NatsPublisherOptions options_;
  const Surroundings surroundings_ = Surroundings::of_this_process();

  // The worker thread's own, once it runs.
  ConnectOptions connect_;
  PublisherSettings settings_;
  std::unique_ptr<NatsTransport> transport_;
  std::unique_ptr<PublisherCore> core_;  // uses the transport
  bool stopping_ = false;
  std::int64_t look_again_ms_ = 0;
  std::int64_t connect_again_ms_ = 0;
  std::int64_t connect_again_delay_ms_ = kConnectAgainMinMs;

  mutable std::mutex mutex_;  // protects the next three
  PublisherStatus status_;
  bool flush_wanted_ = false;
  bool stop_wanted_ = false;
  std::condition_variable wake_;

  std::mutex join_mutex_;  // protects the thread's end
  std::thread thread_;
};

NatsPublisher::NatsPublisher(Registry& registry, NatsPublisherOptions options)
    : worker_(std::make_unique<Worker>(registry.core(), std::move(options))) {}

NatsPublisher::~NatsPublisher() {
  if (worker_->is_ours()) {
    worker_->stop();
  } else {
    // Its thread and its connection belong to the parent; all that is safe is to leave them alone.
    (void)worker_.release();
  }
}

PublisherStatus NatsPublisher::status() const {
  if (worker_->is_ours()) {
    return worker_->status();
  }
  PublisherStatus status;
  status.state = PublisherState::kStopped;
  status.reason = "this is a forked child: make a publisher of its own";
  return status;
}

void NatsPublisher::flush() {
  if (worker_->is_ours()) {
    worker_->flush();
  }
}

void NatsPublisher::stop() {
  if (worker_->is_ours()) {
    worker_->stop();
  }
}

}  // namespace weir
