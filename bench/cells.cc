// What recording costs with the cells in a file that outlives the process, beside private memory:
// the same loops, in turns, through the shared library. Prints medians, their ratio, and what was
// counted, so that it cannot measure nothing.
//   bench_cells [--smoke]
#include <weir/weir.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kCounters = 64;
constexpr std::size_t kBounds = 11;

struct Subject {
  explicit Subject(const std::string& cells_dir) : registry({.cells_dir = cells_dir}) {
    const auto family =
        registry.counter_family({.name = "work_total", .help = "Work done.", .labels = {"kind"}});
    for (std::size_t i = 0; i < kCounters; ++i) {
      counters.push_back(family->with(std::to_string(i)));
    }
    seconds = *registry.histogram({.name = "took_seconds",
                                   .help = "Time taken.",
                                   .bounds = weir::exponential_bounds(0.001, 2, kBounds)});
  }
  weir::Registry registry;
  std::vector<weir::Counter> counters;
  weir::Histogram seconds;
  std::vector<double> inc_ns, observe_ns;
};

template <typename Body>
double nanoseconds_each(std::uint64_t turns, Body&& body) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < turns; ++i) {
    body(i);
  }
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
  return taken.count() / static_cast<double>(turns);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(Subject& subject, std::uint64_t turns) {
  subject.inc_ns.push_back(
      nanoseconds_each(turns, [&](std::uint64_t i) { subject.counters[i % kCounters].inc(); }));
  subject.observe_ns.push_back(nanoseconds_each(turns, [&](std::uint64_t i) {
    subject.seconds.observe(0.0005 * static_cast<double>(i % 4096));
  }));
}

// The sum of a family's samples on the text page.
double counted(const weir::Registry& registry, const std::string& name) {
  const std::string text = "\n" + registry.text();
  double sum = 0;
  for (std::size_t at = text.find("\n" + name); at != std::string::npos;
       at = text.find("\n" + name, at + 1)) {
    sum += std::atof(text.c_str() + text.find(' ', at));
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
  const std::uint64_t turns = smoke ? 100'000 : 20'000'000;
  const int rounds = smoke ? 3 : 9;
  char folder[] = "/dev/shm/weir-bench-XXXXXX";
  if (::mkdtemp(folder) == nullptr) {
    std::perror("mkdtemp /dev/shm");
    return 1;
  }
  double expected = 0;
  int failures = 0;
  {
    Subject in_file(folder);
    Subject in_memory("none");
    if (in_file.registry.cells().file.empty()) {
      std::fprintf(stderr, "no cells file: %s\n", in_file.registry.cells().note.c_str());
      failures = 1;
    }
    for (int round = 0; round < rounds; ++round) {
      run(in_memory, turns);
      run(in_file, turns);
      expected += static_cast<double>(turns);
    }
    std::printf("%-24s %12s %12s %7s\n", "recording, one thread", "memory ns", "file ns", "ratio");
    const auto row = [](const char* what, double memory, double file) {
      std::printf("%-24s %12.3f %12.3f %7.2f\n", what, memory, file, file / memory);
    };
    row("inc, 64 counters", median(in_memory.inc_ns), median(in_file.inc_ns));
    row("observe, 11 bounds", median(in_memory.observe_ns), median(in_file.observe_ns));
    for (const Subject* subject : {&in_memory, &in_file}) {
      const double incs = counted(subject->registry, "work_total");
      const double observations = counted(subject->registry, "took_seconds_count");
      std::printf("counted: %.0f and %.0f of %.0f\n", incs, observations, expected);
      failures += incs != expected || observations != expected ? 1 : 0;
    }
  }
  std::filesystem::remove_all(folder);
  return failures;
}
