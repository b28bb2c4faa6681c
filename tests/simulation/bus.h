// Messages under way between publishers and sidecars: NATS as far as a program can rely on it.
// They wait until an action delivers, repeats, reorders or loses them. Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/statement.h"

namespace weir::simulation {

struct Message {
  enum class To : std::uint8_t { kSidecar, kPublisher, kPeer };

  To to = To::kSidecar;
  std::size_t publisher = 0;  // from or to which
  std::size_t side = 0;       // the sidecar that is to have it, or that sent it
  std::uint64_t life = 0;     // of that sidecar
  std::string subject;
  std::string reply;
  std::vector<std::uint8_t> bytes;             // none, to a publisher: nobody has heard its request
  std::shared_ptr<const Statement> statement;  // none: a stranger's, or from a sidecar
};

class Bus {
 public:
  void send(Message message) { under_way_.push_back(std::move(message)); }
  [[nodiscard]] bool empty() const { return under_way_.empty(); }
  [[nodiscard]] std::size_t size() const { return under_way_.size(); }
  [[nodiscard]] const Message& at(std::size_t index) const { return under_way_[index]; }
  Message take(std::size_t index) {
    const auto at = under_way_.begin() + static_cast<std::ptrdiff_t>(index);
    Message message = std::move(*at);
    under_way_.erase(at);
    return message;
  }
  void lose_all() { under_way_.clear(); }

 private:
  std::deque<Message> under_way_;
};

}  // namespace weir::simulation
