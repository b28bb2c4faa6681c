// The sidecar's connection to NATS: receives publishers' frames into the queue, sends control
// frames, and keeps trying for ever. nats_link.cc alone includes nats.h here. Thread-safe: any
// method from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/config/config.h"
#include "sidecar/engine.h"
#include "sidecar/nats/ingest_queue.h"

namespace weir::sidecar {

class NatsLink final : public ControlSink {
 public:
  struct Options {
    std::string url;               // nats://..., comma-separated
    NatsConfig access;             // user, token, credentials, TLS; its url is not used
    std::string name;              // how the server's lists show this connection
    std::string subject;           // what is subscribed: every publisher of this node, or of all
    std::string peer_subject;      // and this: the other sidecars of the node
    std::string announce_subject;  // where a KeyframeWanted goes when the connection is made
  };

  explicit NatsLink(IngestQueue& queue);
  ~NatsLink() override;  // stop()

  // Returns a reason in words if the options themselves are bad; an unreachable server is not: it
  // is tried for ever.
  [[nodiscard]] std::string start(const Options& options);
  // Receives no more; what was received stays in the queue.
  void stop();

  void send(std::string_view subject, std::span<const std::uint8_t> bytes) override;

  // So many publishers will answer when all of the node are asked: the more there are, the longer
  // is the time over which they are asked to spread their answers.
  void expect_publishers(std::size_t count);

  // Everything of LinkStatus but `embedded`.
  [[nodiscard]] LinkStatus status() const;

 private:
  struct Connection;
  IngestQueue& queue_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace weir::sidecar
