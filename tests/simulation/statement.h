// What one frame states, as the simulation reads it when it is sent: totals by local id. Plain
// data.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "schemas/frame.h"

namespace weir::simulation {

struct Statement {
  std::size_t publisher = 0;
  wire::Kind kind = wire::Kind::kDelta;
  std::size_t instance = 0;  // which of the publisher's
  std::uint64_t seq = 0;
  std::uint16_t part = 0;
  std::uint16_t parts = 1;
  std::vector<std::uint32_t> defined;                    // local ids that are announced
  std::vector<std::pair<std::uint32_t, double>> totals;  // in units (series.h)
};

[[nodiscard]] Statement read_statement(const wire::Frame& frame, std::size_t publisher,
                                       std::size_t instance);
[[nodiscard]] const char* name_of(wire::Kind kind);

}  // namespace weir::simulation
