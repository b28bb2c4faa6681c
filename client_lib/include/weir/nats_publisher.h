// Publishes a registry over NATS to the sidecar of this node: a thread of its own sends what
// changed each flush interval. Thread-safe: any method from any thread. The registry must outlive
// the publisher.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "weir/registry.h"

namespace weir {

// Unset fields come from the environment (WEIR_NATS_URL, WEIR_SERVICE, WEIR_NODE,
// WEIR_FLUSH_INTERVAL, ...), else from the sidecar's endpoint file, else from the default. A set
// field always wins.
struct NatsPublisherOptions {
  std::string url;      // nats://, tls://; comma-separated; nats://127.0.0.1:4222
  std::string service;  // the name that stays over restarts; default: the program's file name
  std::string node;     // default: the endpoint file's, else the host name
  std::chrono::milliseconds flush_interval{0};  // 10 ms .. 1 h; default 1 s
  std::chrono::milliseconds heartbeat_interval{
      0};  // default 5 s, never shorter than the flush interval
  std::chrono::milliseconds goodbye_timeout{
      0};                      // how long the destructor waits for the sidecar; default 500 ms
  std::string subject_prefix;  // default "weir"
  bool service_label = true;   // false: series of the node itself, exposed without service_name

  std::string user, password;
  std::string token;
  std::string credentials_file;  // JWT and seed, as of `nsc`
  std::string nkey_seed_file;    // seed and public key, as `nk -gen user -pubout` prints them
  std::string tls_ca_file, tls_cert_file, tls_key_file;
};

enum class PublisherState : std::uint8_t {
  kConnecting,  // no NATS connection: totals wait in memory
  kNoSidecar,   // connected, but no sidecar serves this node
  kPublishing,  // a sidecar has answered
  kStopped,
  kFailed,  // bad options: see reason
};
[[nodiscard]] WEIR_API const char* state_name(PublisherState state);

struct PublisherStatus {
  PublisherState state = PublisherState::kConnecting;
  std::string reason;  // in words: "connected to nats://..., but no sidecar serves node web-1"
  std::string url, node, service, instance;
  std::uint64_t frames_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t keyframes_sent = 0;
  std::uint64_t reconnects = 0;

  // After stop():
  bool goodbye_acknowledged = false;  // the sidecar has everything
  bool goodbye_durable = false;       // and has it on disk
  // What integer counters and histograms counted since the last statement of all totals that the
  // sidecar acknowledged: at most so much did not arrive. 0 after an acknowledged goodbye, but for
  // what was counted after it.
  std::uint64_t undelivered_increments = 0;

  // Where the totals outlive a crash, and what to know about it: see CellsState.
  std::string cells_file, cells_note;
};

class WEIR_API NatsPublisher {
 public:
  explicit NatsPublisher(Registry& registry, NatsPublisherOptions options = {});
  // stop()
  ~NatsPublisher();
  NatsPublisher(const NatsPublisher&) = delete;
  NatsPublisher& operator=(const NatsPublisher&) = delete;

  [[nodiscard]] PublisherStatus status() const;
  // Sends what changed without waiting for the interval. Returns at once.
  void flush();
  // Says goodbye with the last totals and waits for the answer, goodbye_timeout at most; if it is
  // just trying to connect, also for the end of that attempt (two seconds at most for each server).
  // Further calls do nothing.
  void stop();

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace weir
