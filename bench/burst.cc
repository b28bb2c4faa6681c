// Row 12, what is given back: the memory of the engine after a burst of series has gone. Publishers
// with series of their own come, say goodbye, and are forgotten; the clock is set forward: 11
// minutes (tables of ended instances), 2 hours (series leave /metrics), 31 days (their totals are
// forgotten). In process: a clock that can be set is nowhere else.
//   bench_burst [--smoke]
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <stdexcept>

#include "bench/support/core.h"
#include "bench/support/json_row.h"
#include "bench/support/simulated_publisher.h"

namespace {

using weir::bench::Catalog;
using weir::bench::Core;
using weir::bench::Load;
using weir::bench::SimulatedPublisher;

constexpr double kKeptMax = 0.1;
constexpr std::int64_t kMinuteMs = 60'000;

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0;
  double resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Of the sums that the engine holds, shown or not.
std::uint64_t merged_in(Core& core) {
  std::uint64_t sum = 0;
  for (const auto& [name, total] : core.engine().totals().families) {
    sum += name.starts_with("bench_") ? total : 0;
  }
  return sum;
}

// The engine sweeps every 10 s at most, and gives up some of what is old with each turn.
void pass(Core& core, std::int64_t minutes) {
  core.now_unix_ms += minutes * kMinuteMs;
  for (int turn = 0; turn < 20; ++turn) {
    core.now_unix_ms += 10'001;
    core.engine().tick();
  }
}

void receive_all(Core& core, std::vector<SimulatedPublisher>& publishers) {
  weir::wire::Encoder encoder;
  for (SimulatedPublisher& publisher : publishers) {
    const auto send = [&](std::span<const std::uint8_t> bytes) {
      if (!core.engine().receive(publisher.subject(), {}, bytes)) {
        throw std::runtime_error("the engine refused a frame");
      }
    };
    publisher.define(send);
    publisher.say_goodbye(encoder, send);
  }
}

void measure(const Load& load) {
  Core core(load.node);
  std::vector<SimulatedPublisher> publishers;
  publishers.reserve(load.publishers);
  std::uint64_t stated = 0;
  for (std::uint32_t i = 0; i < load.publishers; ++i) {
    publishers.emplace_back(load, i);
  }
  pass(core, 1);
  const double before = resident_bytes();
  receive_all(core, publishers);
  const double peak = resident_bytes();
  for (const SimulatedPublisher& publisher : publishers) {
    stated += publisher.stated();
  }
  const std::uint64_t merged = merged_in(core);
  if (merged != stated) {
    throw std::runtime_error("the sums are " + std::to_string(merged) + ", not " +
                             std::to_string(stated));
  }
  pass(core, 11);
  const double tables_gone = resident_bytes();
  pass(core, 120);
  const double hidden = resident_bytes();
  pass(core, 31ll * 24 * 60);
  const double forgotten = resident_bytes();
  if (const std::uint64_t left = merged_in(core); left != 0) {
    throw std::runtime_error("totals are left: " + std::to_string(left));
  }

  const double series = static_cast<double>(load.publishers) * load.series_each;
  const std::uint64_t series_left = core.engine().status().series;
  weir::bench::JsonRow line;
  line.row = "12";
  line.what = "memory that is still held after a burst of series has gone";
  line.unit = "B";
  line.weir = {(forgotten - before) / series};
  line.target = "given back after a burst (bound of this program: all but 10%)";
  line.value = (forgotten - before) / (peak - before);
  line.at_most = kKeptMax;
  line.check = "the sums were " + std::to_string(merged) + " as stated, and are 0 at the end";
  line.profile = {{"series", series},
                  {"peak_bytes_each", (peak - before) / series},
                  {"after_11_minutes", (tables_gone - before) / series},
                  {"after_2_hours", (hidden - before) / series},
                  {"after_31_days", (forgotten - before) / series},
                  {"series_left", series_left}};
  weir::bench::print(line);
  std::cerr << "row 12: a burst: " << line.profile.dump() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  bool smoke = false;
  CLI::App app("What memory is given back after a burst.", "bench_burst");
  app.add_flag("--smoke", smoke, "tiny, to see that it works");
  CLI11_PARSE(app, argc, argv);
  load.publishers = 10;
  load.series_each = smoke ? 1000 : 100'000;
  try {
    measure(load);
  } catch (const std::exception& error) {
    std::cerr << "bench_burst: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
