// A failure for a person: the seed, what did not hold, the shrunk run in lines, and how to repeat
// it. Single-threaded.
#pragma once

#include <cstdint>
#include <string>

namespace weir::simulation {

// `arguments`: what else the command needs, " --mutant NAME".
[[nodiscard]] std::string report(std::uint64_t seed, int signal, const std::string& arguments);

}  // namespace weir::simulation
