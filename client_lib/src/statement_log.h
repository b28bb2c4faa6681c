// Which of an instance's keyframes and goodbyes a sidecar has acknowledged, and what they said: so
// that a publisher that ends knows how much of its counts may not have arrived.
// Single-threaded: only the thread of the frame source calls this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir {

class StatementLog {
 public:
  // A keyframe or goodbye whose last part is `seq` said so many increments in all.
  void said(std::uint64_t seq, std::uint64_t increments) {
    open_[next_] = {seq, increments};
    next_ = (next_ + 1) % open_.size();
  }
  // One that is not remembered any more changes nothing: the counts are then taken for lost, which
  // is the safe side.
  void acknowledged(std::uint64_t seq) {
    for (const Said& statement : open_) {
      if (statement.seq == seq && seq > acknowledged_.seq) {
        acknowledged_ = statement;
        return;
      }
    }
  }
  [[nodiscard]] bool any_acknowledged() const { return acknowledged_.seq > 0; }
  [[nodiscard]] std::uint64_t increments_acknowledged() const { return acknowledged_.increments; }

 private:
  struct Said {
    std::uint64_t seq = 0;  // 0: none, seq begins at 1
    std::uint64_t increments = 0;
  };
  std::array<Said, 16>
      open_{};  // said again after 5 s, 10 s, ... 60 s: the last quarter of an hour
  std::size_t next_ = 0;
  Said acknowledged_;
};

}  // namespace weir
