// Every limit of the wire, in one place. Both sides check: the client at registration, the sidecar
// before it merges. The sidecar can tighten or widen those in `Limits`; the constants bound what
// the format itself allows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::wire {

inline constexpr std::uint8_t kProtocolVersion = 1;
inline constexpr std::size_t kBucketsMax = 512;   // finite bounds of one histogram
inline constexpr std::uint16_t kPartsMax = 4096;  // parts of one keyframe

struct Limits {
  std::size_t frame_bytes_max = 8u << 20;
  std::size_t families_per_publisher_max = 10'000;
  std::size_t series_per_publisher_max = 2'000'000;
  std::size_t labels_per_series_max = 32;  // declared and constant labels together
  std::size_t name_bytes_max = 256;        // metric, label, node and service names
  std::size_t label_value_bytes_max = 1024;
  std::size_t help_bytes_max = 2048;
  std::uint64_t hold_ms_max = 366ull * 24 * 3'600'000;
  bool own_labels = false;  // the sidecar's own metrics may carry the labels that it adds to others
};

}  // namespace weir::wire
