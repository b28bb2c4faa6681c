// What the publisher needs of a message bus: NATS in programs, a fake in tests and simulations.
// Single-threaded: only the publisher's worker thread calls this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "schemas/instance_id.h"

namespace weir {

class Transport {
 public:
  enum class Link : std::uint8_t {
    kTrying,  // no attempt has failed yet
    kConnected,
    kDown,
  };
  struct Message {
    bool no_responders = false;           // the answer to a request that nobody heard
    std::span<const std::uint8_t> bytes;  // valid until the next receive()
  };

  virtual ~Transport() = default;

  [[nodiscard]] virtual Link link() = 0;
  // Counts connections made; a change means that messages may have been lost.
  [[nodiscard]] virtual std::uint64_t connections() = 0;
  [[nodiscard]] virtual std::size_t payload_bytes_max() = 0;

  // From now on receive() has what is sent to this instance: control messages and answers.
  // Whether all subscriptions stand.
  virtual bool listen(std::string_view node, const wire::InstanceId& instance) = 0;
  // False if it was not handed over. `answer_wanted`: the answer, or that nobody is there, comes
  // through receive().
  virtual bool publish(std::string_view subject, std::span<const std::uint8_t> bytes,
                       bool answer_wanted) = 0;
  virtual bool receive(Message& message) = 0;

  // For people: where it is connected to; why it is not.
  [[nodiscard]] virtual std::string url() = 0;
  [[nodiscard]] virtual std::string why_down() = 0;
};

}  // namespace weir
