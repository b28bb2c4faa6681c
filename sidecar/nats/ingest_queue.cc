#include "sidecar/nats/ingest_queue.h"

#include <chrono>
#include <utility>

namespace weir::sidecar {
namespace {

constexpr std::size_t kMessageBytes = 256;  // what the library and we keep around each

}  // namespace

bool IngestQueue::push(std::unique_ptr<Message> message) {
  // An empty message costs memory, too.
  const std::size_t size =
      kMessageBytes + message->subject().size() + message->reply().size() + message->bytes().size();
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || bytes_ + size > bytes_max_) {
      ++shed_;
      return false;
    }
    was_empty = messages_.empty();
    bytes_ += size;
    messages_.push_back(std::move(message));
  }
  if (was_empty) {
    filled_.notify_one();
  }
  return true;
}

std::vector<std::unique_ptr<Message>> IngestQueue::take(int timeout_ms) {
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                   [this] { return closed_ || !messages_.empty(); });
  bytes_ = 0;
  return std::exchange(messages_, {});
}

void IngestQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

std::size_t IngestQueue::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::uint64_t IngestQueue::shed() const {
  const std::lock_guard lock(mutex_);
  return shed_;
}

}  // namespace weir::sidecar
