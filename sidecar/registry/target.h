// Where the samples of one local id go: four bits of kind and flag, 28 bits of index, so that
// ingest makes one compare per sample for "is it defined, and of this kind?". Value type.
#pragma once

#include <cstdint>

namespace weir::sidecar {

enum class TargetKind : std::uint32_t {
  kUndefined = 0,  // never announced here: its definition was in a lost frame
  kCounter = 1,    // index: Registry's integer counters
  kDouble = 2,     // index: Registry's double counters
  kReading = 3,    // index: Registry's readings (gauges, external counters)
  kHistogram = 4,  // index: the instance's histograms
  kRefused = 5,    // announced and refused: its samples are skipped
};

class Target {
 public:
  static constexpr std::uint32_t kIndexBits = 28;
  static constexpr std::uint32_t kIndexMax = (1u << kIndexBits) - 1;

  Target() = default;
  Target(TargetKind kind, std::uint32_t index)
      : bits_((static_cast<std::uint32_t>(kind) << (kIndexBits + 1)) | index) {}

  [[nodiscard]] TargetKind kind() const {
    return static_cast<TargetKind>(bits_ >> (kIndexBits + 1));
  }
  [[nodiscard]] std::uint32_t index() const { return bits_ & kIndexMax; }
  [[nodiscard]] bool is_announced() const {
    return kind() != TargetKind::kUndefined && kind() != TargetKind::kRefused;
  }
  // Of neighbours of one kind, shown or hidden, these differ by one.
  [[nodiscard]] std::uint32_t bits() const { return bits_; }

  // Removed by its publisher: still merged, no longer shown on its behalf.
  [[nodiscard]] bool hidden() const { return ((bits_ >> kIndexBits) & 1u) != 0; }
  void set_hidden(bool hidden) {
    bits_ = (bits_ & ~(1u << kIndexBits)) | (static_cast<std::uint32_t>(hidden) << kIndexBits);
  }

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace weir::sidecar
