#include "tests/simulation/clock.h"

#include <chrono>

namespace {

std::int64_t system_unix_ms = 0;

}  // namespace

namespace weir::simulation {

void set_system_clock(std::int64_t unix_ms) {
  system_unix_ms = unix_ms;
}

}  // namespace weir::simulation

// std::chrono::system_clock::now(), under the name that the linker's --wrap gives it.
extern "C" std::int64_t __wrap__ZNSt6chrono3_V212system_clock3nowEv();
extern "C" std::int64_t __wrap__ZNSt6chrono3_V212system_clock3nowEv() {
  return std::chrono::system_clock::duration(std::chrono::milliseconds(system_unix_ms)).count();
}
