// The outer layer of a cells file: its head, and which of its blocks hold what. The bytes may be
// anything. Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "schemas/cells_file.h"
#include "weir/status.h"

namespace weir::sidecar {

// Whether a file that begins like this is a cells file of the layout that this program reads.
[[nodiscard]] Status check_head(std::span<const std::uint8_t> file);

class CellsBlocks {
 public:
  using Bytes = std::span<const std::uint8_t>;
  struct RangeCells {
    std::uint32_t range = 0;
    const std::uint8_t* cells = nullptr;  // kCellsPerBlock of them

    [[nodiscard]] std::uint64_t cell(std::uint32_t index) const;
  };

  // REQUIRES: `file` outlives this.
  Status read(Bytes file);

  [[nodiscard]] const std::vector<Bytes>& log() const { return log_; }
  // Of each thread that has the segment in the file, in the order in which they are added up.
  [[nodiscard]] const std::vector<RangeCells>& segment(std::uint32_t segment) const {
    return segments_[segment];
  }

 private:
  std::vector<Bytes> log_;
  std::array<std::vector<RangeCells>, wire::cells_file::kSegmentsMax> segments_;
};

}  // namespace weir::sidecar
