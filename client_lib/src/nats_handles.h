// The handles of nats.c, each of which ends when it goes out of scope. Shared by all that speak to
// NATS: this library, the sidecar and weirctl. Thread-compatible.
#pragma once

#include <nats/nats.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

template <auto kDestroy>
struct NatsDeleter {
  template <typename T>
  void operator()(T* handle) const {
    kDestroy(handle);
  }
};
using NatsOptions = std::unique_ptr<natsOptions, NatsDeleter<natsOptions_Destroy>>;
using NatsMessage = std::unique_ptr<natsMsg, NatsDeleter<natsMsg_Destroy>>;
using NatsStatistics = std::unique_ptr<natsStatistics, NatsDeleter<natsStatistics_Destroy>>;

// A connection with all that it has subscribed to. A subscription may not end by itself: nats.c
// before 3.6 (its issue 637) looks one up for a message that has come, and locks it later, when it
// may be freed. The process then aborts. So they are let go of only when the thread that reads has
// ended, or is known to be past them.
class NatsConnection {
 public:
  explicit NatsConnection(natsConnection* made = nullptr) : connection_(made) {}
  ~NatsConnection() { close(); }
  NatsConnection(NatsConnection&&) = default;
  NatsConnection& operator=(NatsConnection&&) = delete;

  [[nodiscard]] natsConnection* get() const { return connection_.get(); }

  // Closes the one it holds, waits for its threads, and holds this one.
  void reset(natsConnection* made) {
    close();
    connection_.reset(made);
  }
  void close() {
    connection_.reset();
    subscriptions_.clear();
  }

  // Lasts as long as the connection, or until all are ended. Without a handler: to be polled.
  natsStatus subscribe(natsSubscription** made, const char* subject,
                       natsMsgHandler handler = nullptr, void* closure = nullptr) {
    const natsStatus status =
        handler == nullptr ? natsConnection_SubscribeSync(made, get(), subject)
                           : natsConnection_Subscribe(made, get(), subject, handler, closure);
    if (status == NATS_OK) {
      subscriptions_.emplace_back(*made);
    }
    return status;
  }

  // Waits for the server's answer, `at_most` so long; without one they are freed later.
  void unsubscribe_all(std::chrono::milliseconds at_most) {
    if (subscriptions_.empty()) {
      return;
    }
    for (const Subscription& subscription : subscriptions_) {
      natsSubscription_Unsubscribe(subscription.get());
    }
    // The answer is read by the thread in question, after the messages that it had begun.
    if (natsConnection_FlushTimeout(get(), at_most.count()) == NATS_OK) {
      subscriptions_.clear();
    }
  }

 private:
  using Subscription = std::unique_ptr<natsSubscription, NatsDeleter<natsSubscription_Destroy>>;

  std::unique_ptr<natsConnection, NatsDeleter<natsConnection_Destroy>> connection_;
  std::vector<Subscription> subscriptions_;
};

}  // namespace weir
