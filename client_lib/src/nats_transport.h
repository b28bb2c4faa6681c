// Transport over nats.c.
// Single-threaded: only the publisher's worker thread calls this. nats.c runs threads of its own;
// what they do is polled, never called back into here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "discovery.h"
#include "nats_handles.h"
#include "schemas/subjects.h"
#include "transport.h"

namespace weir {

class NatsTransport : public Transport {
 public:
  NatsTransport(std::string client_name, wire::Subjects subjects);
  ~NatsTransport() override;

  // Leaves the present connection, if any, and tries once to connect as said here: at most about a
  // second for each server. Once made, nats.c keeps it up in the background, with back-off.
  void connect(const ConnectOptions& options);
  // Never made, or given up by nats.c (it was refused twice): only connect() helps.
  [[nodiscard]] bool is_closed() const;

  Link link() override;
  std::uint64_t connections() override;
  std::size_t payload_bytes_max() override;
  bool listen(std::string_view node, const wire::InstanceId& instance) override;
  bool publish(std::string_view subject, std::span<const std::uint8_t> bytes,
               bool answer_wanted) override;
  bool receive(Message& message) override;
  std::string url() override { return shown_url_; }
  std::string why_down() override;

 private:
  [[nodiscard]] bool set_options(natsOptions* options);
  [[nodiscard]] bool set_proof(natsOptions* options);
  [[nodiscard]] bool set_tls(natsOptions* options);
  [[nodiscard]] bool good(natsStatus status, const char* what);
  void leave();

  const std::string client_name_;
  const wire::Subjects subjects_;
  ConnectOptions options_;
  std::string shown_url_;
  std::string problem_;  // why connect() failed

  std::uint64_t opened_ = 0;
  NatsConnection connection_;
  NatsStatistics statistics_;
  wire::InstanceId listening_as_;
  std::string listening_node_;
  std::array<natsSubscription*, 3> subscriptions_{};  // control, control of all, answers
  NatsMessage message_;                               // the one last received
  std::string reply_prefix_;
  std::uint64_t replies_ = 0;
};

}  // namespace weir
