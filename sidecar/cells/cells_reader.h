// From the bytes of a cells file to the goodbye that its instance could not say any more.
// Thread-safe: a pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schemas/instance_id.h"
#include "schemas/limits.h"

namespace weir::sidecar {

struct CellsReading {
  enum class Outcome : std::uint8_t {
    kGoodbye,
    kNameless,    // whole, but the program never published: there is nobody to count it for
    kUnreadable,  // torn, corrupt, of another layout version, or no cells file: see `why`
  };
  Outcome outcome = Outcome::kUnreadable;
  std::string why;

  wire::InstanceId instance;
  std::string node, service;
  std::uint32_t pid = 0;
  std::string subject;
  // Encoded goodbyes with `folded`, the parts of one; seq from kFoldedSeq on. As the client makes
  // them, but of what it counted itself alone: gauges and external totals ended with it, and that a
  // series was removed is not in the file.
  std::vector<std::vector<std::uint8_t>> frames;
};

// The bytes may be anything: every length, offset, id and index is checked, work and memory are
// bounded by the size of the file. `frame_bytes_max`: of each part, about.
[[nodiscard]] CellsReading read_cells(std::span<const std::uint8_t> file,
                                      std::size_t frame_bytes_max, std::int64_t now_unix_ms,
                                      const wire::Limits& limits = {});

}  // namespace weir::sidecar
