// A NATS connection for many publishers at once: the text protocol over a socket, without threads.
// https://docs.nats.io/reference/reference-protocols/nats-protocol
// Single-threaded: only the thread of the fleet calls this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace fleet {

class NatsSocket {
 public:
  // A message for a subscription; the bytes are valid during the call.
  using OnMessage = std::function<void(std::uint32_t subscription, bool no_responders,
                                       std::span<const std::uint8_t> bytes)>;

  NatsSocket() = default;
  ~NatsSocket() { close(); }
  NatsSocket(const NatsSocket&) = delete;
  NatsSocket& operator=(const NatsSocket&) = delete;

  // Tries once; on the loopback that takes no time worth a name.
  bool connect(std::uint16_t port);
  void close();
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::size_t payload_bytes_max() const { return payload_bytes_max_; }
  [[nodiscard]] std::size_t unsent_bytes() const { return out_.size() - sent_; }

  void subscribe(std::string_view subject, std::uint32_t subscription);
  void unsubscribe(std::uint32_t subscription);
  // False if too much waits already.
  bool publish(std::string_view subject, std::string_view reply,
               std::span<const std::uint8_t> bytes);

  // Writes and reads what can be without waiting. Closes itself when the connection is lost.
  void serve(const OnMessage& on_message);

 private:
  bool greet();
  bool read_line(std::string& line);
  void write_some();
  [[nodiscard]] std::size_t parse(std::string_view text, const OnMessage& on_message);

  int descriptor_ = -1;
  std::size_t payload_bytes_max_ = 1u << 20;
  std::string out_;
  std::size_t sent_ = 0;
  std::string in_;
};

}  // namespace fleet
