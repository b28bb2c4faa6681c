// The program weir-collector: from its command line to its exit code. Single-threaded: only main()
// calls this.
#pragma once

#include <span>
#include <string>

namespace weir::collectors {

struct ProgramResult {
  int exit_code = 0;
  // A collector hangs and its thread can not be ended: leave without running destructors.
  bool threads_left = false;
};

// REQUIRES: called before any thread was started, since it blocks SIGTERM and SIGINT and waits for
// them.
[[nodiscard]] ProgramResult run_program(int argc, const char* const* argv,
                                        std::span<const std::string> environment);

}  // namespace weir::collectors
