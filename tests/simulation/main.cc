// simulation: the real client and the real sidecar on simulated clocks, buses and disks.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/simulation/cells_folder.h"
#include "tests/simulation/mutants.h"
#include "tests/simulation/report.h"
#include "tests/simulation/run.h"
#include "tests/simulation/search.h"
#include "tests/simulation/suite.h"

namespace weir::mutant {

Rule without = Rule::kNone;

}  // namespace weir::mutant

namespace {

using namespace weir::simulation;

constexpr const char* kHelp =
    R"(usage: simulation [--seeds N] [--first SEED] [--jobs N] [--hours H] [--mutant NAME]
       simulation --seed SEED [--mutant NAME]
       simulation --suite [--seeds N] [--junit FILE]

  --seeds N      so many runs, one for each seed (1000)
  --first SEED   the first of them (1)
  --jobs N       in so many processes (1)
  --hours H      run after run for so long
  --seed SEED    this run, with its trace
  --mutant NAME  with a rule of the protocol taken away: --mutant help names them
  --suite        what ./test runs: all rules hold, and each mutant is noticed
  --junit FILE   where the suite's result goes
)";

struct Options {
  Search search;
  Suite suite;
  std::uint64_t seed = 0;
  bool one_seed = false;
  bool run_suite = false;
  std::string mutant;
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "simulation: %s\n%s", why.c_str(), kHelp);
  std::exit(2);
}

template <typename Number>
void read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    give_up("\"" + std::string(text) + "\" is no number");
  }
}

Options read_options(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--help") {
      std::fputs(kHelp, stdout);
      std::exit(0);
    }
    if (name == "--suite") {
      options.run_suite = true;
      continue;
    }
    if (++i == count) {
      give_up(std::string(name) + ": unknown, or its value is missing");
    }
    const std::string_view value = arguments[i];
    if (name == "--seeds") {
      read_number(value, options.search.seeds_max);
      options.suite.seeds = options.search.seeds_max;
    } else if (name == "--first") {
      read_number(value, options.search.first);
      options.suite.first = options.search.first;
    } else if (name == "--jobs") {
      read_number(value, options.search.jobs);
      options.suite.jobs = options.search.jobs;
    } else if (name == "--hours") {
      double hours = 0;
      read_number(value, hours);
      options.search.seconds_max = hours * 3600;
      options.search.seeds_max = UINT64_MAX / 2;
    } else if (name == "--seed") {
      read_number(value, options.seed);
      options.one_seed = true;
    } else if (name == "--mutant") {
      options.mutant = value;
    } else if (name == "--junit") {
      options.suite.junit_file = value;
    } else {
      give_up(std::string(name) + ": unknown");
    }
  }
  return options;
}

void take_rule_away(const std::string& name) {
  if (const auto mutant = find_mutant(name)) {
    weir::mutant::without = mutant->rule;
    return;
  }
  for (const Mutant& mutant : kMutants) {
    std::printf("%s\n", std::string(mutant.name).c_str());
  }
  std::exit(name == "help" ? 0 : 2);
}

int show_one(std::uint64_t seed) {
  Trace trace;
  trace.enable();
  const std::optional<Violation> violation = run(generate(seed), trace);
  for (const std::string& line : trace.lines()) {
    std::printf("%s\n", line.c_str());
  }
  if (violation) {
    std::printf("\n");
  }
  return violation ? 1 : 0;
}

int run_program(int count, char** arguments) {
  Options options = read_options(count, arguments);
  options.search.progress = true;
  std::string further;
  if (!options.mutant.empty()) {
    take_rule_away(options.mutant);
    further = " --mutant " + options.mutant;
  }
  if (options.one_seed) {
    const int failed = show_one(options.seed);
    std::fputs(report(options.seed, 0, further).c_str(), stdout);
    return failed;
  }
  if (options.run_suite) {
    return run_suite(options.suite) ? 0 : 1;
  }
  const Found found = search(options.search);
  std::printf("%llu seeds in %.1f s, %.0f seeds/s\n", static_cast<unsigned long long>(found.seeds),
              found.seconds, static_cast<double>(found.seeds) / found.seconds);
  if (found.failed) {
    std::fputs(report(*found.failed, found.signal, further).c_str(), stdout);
    return 1;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const int status = run_program(count, arguments);
  CellsFolder::delete_folder();
  return status;
}
