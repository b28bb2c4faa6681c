// Frames to bytes and back. The only door to FlatBuffers: encoder.cc and decoder.cc alone include
// the generated header. Thread-compatible: each Encoder and Decoder belongs to one thread at a
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "schemas/frame.h"
#include "schemas/limits.h"
#include "schemas/refusal.h"

namespace weir::wire {

// Keeps its buffer between frames: no allocation once it has grown to the largest frame.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  // The bytes stay valid until the next call.
  [[nodiscard]] std::span<const std::uint8_t> encode(const Frame& frame);

 private:
  struct Builder;
  std::unique_ptr<Builder> builder_;
};

// Bytes from the wire are hostile. After decode() returned no refusal, the frame's header,
// identity, definitions and vectors are valid in themselves; only what needs the publisher's
// earlier frames (is this id defined?) is left to check.
class Decoder {
 public:
  explicit Decoder(const Limits& limits = {}) : limits_(limits) {}

  // The frame's views stay valid until the next call, and as long as `bytes` lives.
  [[nodiscard]] Refusal decode(std::span<const std::uint8_t> bytes);
  [[nodiscard]] const Frame& frame() const { return frame_; }

 private:
  Limits limits_;
  Frame frame_;
  std::vector<std::uint64_t> aligned_;  // a copy of bytes that came at an odd address
};

}  // namespace weir::wire
