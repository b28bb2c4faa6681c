// weir-collector: reads this node's metrics and publishes them to its sidecar.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "collectors/program.h"

int main(int argc, char** argv) {
#if defined(__GLIBC__)
  // A dozen threads that hardly ever run at once need no heap each: one keeps memory small.
  mallopt(M_ARENA_MAX, 1);
#endif
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  const weir::collectors::ProgramResult result =
      weir::collectors::run_program(argc, argv, environment);
  if (result.threads_left) {
    std::_Exit(result.exit_code);
  }
  return result.exit_code;
}
