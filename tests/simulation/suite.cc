#include "tests/simulation/suite.h"

#include <cstdio>
#include <fstream>
#include <functional>
#include <vector>

#include "tests/simulation/mutants.h"
#include "tests/simulation/report.h"
#include "tests/simulation/run.h"
#include "tests/simulation/search.h"

namespace weir::simulation {
namespace {

struct Case {
  std::string name;
  double seconds = 0;
  std::string failure;  // empty: passed
};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return result;
}

void write_junit(const std::string& file, const std::vector<Case>& cases) {
  std::ofstream out(file);
  out << "<testsuite name=\"simulation\">\n";
  for (const Case& one : cases) {
    out << "  <testcase classname=\"simulation\" name=\"" << escaped(one.name) << "\" time=\""
        << one.seconds << "\">";
    if (!one.failure.empty()) {
      out << "<failure>" << escaped(one.failure) << "</failure>";
    }
    out << "</testcase>\n";
  }
  out << "</testsuite>\n";
}

Case all_rules_hold(const Suite& suite) {
  mutant::without = mutant::Rule::kNone;
  const Found found = search({suite.first, suite.seeds, 0, suite.jobs, false});
  std::printf("all rules: %llu seeds, %.0f seeds/s\n", static_cast<unsigned long long>(found.seeds),
              static_cast<double>(found.seeds) / found.seconds);
  return {"all rules hold", found.seconds,
          found.failed ? report(*found.failed, found.signal, "") : std::string()};
}

// Otherwise a seed would not name a run.
Case runs_are_the_same_each_time(const Suite& suite) {
  Case result{"a run is the same each time", 0, {}};
  for (std::uint64_t seed = suite.first; seed < suite.first + 50; ++seed) {
    Trace one, other;
    one.enable();
    other.enable();
    (void)run(generate(seed), one);
    (void)run(generate(seed), other);
    if (one.lines() != other.lines()) {
      result.failure = "seed " + std::to_string(seed) + " makes two different runs";
    }
  }
  return result;
}

Case is_missed(const Mutant& mutant, const Suite& suite) {
  mutant::without = mutant.rule;
  const Found found = search({suite.first, mutant.seeds_max, 0, suite.jobs, false});
  mutant::without = mutant::Rule::kNone;
  Case result{"without " + std::string(mutant.name), found.seconds, {}};
  if (found.failed) {
    std::printf("without %-26s noticed at seed %llu\n", std::string(mutant.name).c_str(),
                static_cast<unsigned long long>(*found.failed));
  } else {
    result.failure = "not noticed within " + std::to_string(mutant.seeds_max) + " seeds";
  }
  return result;
}

}  // namespace

bool run_suite(const Suite& suite) {
  std::vector<Case> cases = {all_rules_hold(suite), runs_are_the_same_each_time(suite)};
  for (const Mutant& mutant : kMutants) {
    cases.push_back(is_missed(mutant, suite));
  }
  bool passed = true;
  for (const Case& one : cases) {
    if (!one.failure.empty()) {
      passed = false;
      std::printf("FAILED: %s\n%s\n", one.name.c_str(), one.failure.c_str());
    }
  }
  if (!suite.junit_file.empty()) {
    write_junit(suite.junit_file, cases);
  }
  return passed;
}

}  // namespace weir::simulation
