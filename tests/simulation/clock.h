// The clock of the machine, as the code under test reads it where no clock is passed in (the start
// of a series, in the client's registry): linked in place of std::chrono's, see CMakeLists.txt.
// Single-threaded.
#pragma once

#include <cstdint>

namespace weir::simulation {

void set_system_clock(std::int64_t unix_ms);

}  // namespace weir::simulation
