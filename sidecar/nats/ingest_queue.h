// Messages between the NATS callback, which only hands over, and the ingest thread. Bounded in
// bytes: when it is full a message is shed and counted; its totals come again. Thread-safe: any
// method from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace weir::sidecar {

// A received message, owned.
class Message {
 public:
  virtual ~Message() = default;
  [[nodiscard]] virtual std::string_view subject() const = 0;
  [[nodiscard]] virtual std::string_view reply() const = 0;
  [[nodiscard]] virtual std::span<const std::uint8_t> bytes() const = 0;
};

class IngestQueue {
 public:
  explicit IngestQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False if there was no room.
  bool push(std::unique_ptr<Message> message);
  // Everything that waits, in order; empty after `timeout_ms` or close().
  [[nodiscard]] std::vector<std::unique_ptr<Message>> take(int timeout_ms);
  void close();

  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::uint64_t shed() const;

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<std::unique_ptr<Message>> messages_;
  std::size_t bytes_ = 0;
  std::uint64_t shed_ = 0;
  bool closed_ = false;
};

}  // namespace weir::sidecar
