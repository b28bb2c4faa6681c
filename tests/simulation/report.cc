#include "tests/simulation/report.h"

#include <cstring>
#include <sstream>

#include "tests/simulation/run.h"

namespace weir::simulation {

std::string report(std::uint64_t seed, int signal, const std::string& arguments) {
  std::ostringstream out;
  const std::string command = "simulation --seed " + std::to_string(seed) + arguments;
  if (signal != 0) {
    out << "seed " << seed << ": CRASH: " << strsignal(signal) << "\n  repeat it: " << command
        << '\n';
    return out.str();
  }
  const std::vector<Action> actions = generate(seed);
  const std::optional<Violation> violation = run(actions);
  if (!violation) {
    out << "seed " << seed << ": all held\n";
    return out.str();
  }
  const std::vector<Action> shrunk = shrink(actions, violation->invariant);
  Trace trace;
  trace.enable();
  const std::optional<Violation> again = run(shrunk, trace);
  out << "seed " << seed << ": " << name_of(violation->invariant) << ": " << violation->detail
      << "\n  " << shrunk.size() << " of its " << actions.size() << " actions suffice:\n";
  for (const std::string& line : trace.lines()) {
    out << "    " << line << '\n';
  }
  out << "  " << name_of(again->invariant) << ": " << again->detail << "\n  repeat it: " << command
      << '\n';
  return out.str();
}

}  // namespace weir::simulation
