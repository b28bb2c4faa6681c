// bench_feed: publishers without programs, for the benchmarks: their frames are real, the server is
// real, and the totals are known. Commands on standard input, answers in JSON:
//   define               all publishers announce their series
//   rounds N             each states all its series N times, back to back
//   run SECONDS RATE     the same for so long, at RATE frames a second; 0: back to back
//   spread | one_place   one series in a hundred counts on
//   truth                what /metrics must show
//   exit                 without goodbyes
#include <CLI/CLI.hpp>

#include "bench/support/command_loop.h"
#include "bench/support/feeder.h"

namespace {

using weir::bench::Feeder;
using weir::bench::Sent;

nlohmann::json told(const Sent& sent) {
  return {{"frames", sent.frames},
          {"samples", sent.samples},
          {"bytes", sent.bytes},
          {"seconds", sent.seconds}};
}

nlohmann::json obey(Feeder& feeder, const std::string& verb, std::istringstream& rest) {
  if (verb == "define") {
    feeder.define();
    return nlohmann::json::object();
  }
  if (verb == "rounds") {
    std::uint32_t count = 1;
    rest >> count;
    return told(feeder.rounds(count));
  }
  if (verb == "run") {
    double seconds = 1;
    double rate = 0;
    rest >> seconds >> rate;
    return told(feeder.run(seconds, rate));
  }
  if (verb == "spread" || verb == "one_place") {
    return told(feeder.change_some(verb == "spread" ? weir::bench::Which::kSpread
                                                    : weir::bench::Which::kOnePlace));
  }
  if (verb == "truth") {
    return {{"total", feeder.stated()},
            {"lines", feeder.lines_on_page()},
            {"frames", feeder.frames_in_all()}};
  }
  throw std::runtime_error("no command \"" + verb + "\"");
}

}  // namespace

int main(int argc, char** argv) {
  weir::bench::Load load;
  Feeder::Options options;
  CLI::App app("Publishers without programs.", "bench_feed");
  app.add_option("--port", options.port, "of the NATS server on the loopback")->required();
  app.add_option("--lines", options.lines, "connections")->check(CLI::Range(1, 1000));
  app.add_option("--window-bytes", options.window_bytes, "what may be unanswered");
  app.add_option("--node", load.node, "the node to publish for");
  app.add_option("--publishers", load.publishers)->check(CLI::Range(1, 100'000));
  app.add_option("--series-each", load.series_each)->check(CLI::Range(1, 2'000'000));
  app.add_flag("--shared", load.shared, "all publishers state the same series");
  app.add_option("--histogram-percent", load.histogram_percent)->check(CLI::Range(0, 100));
  app.add_option("--frame-samples", load.frame_samples)->check(CLI::Range(1, 50'000));
  CLI11_PARSE(app, argc, argv);
  try {
    Feeder feeder(options, load);
    weir::bench::obey_commands([&](const std::string& verb, std::istringstream& rest) {
      return obey(feeder, verb, rest);
    });
  } catch (const std::exception& error) {
    std::cerr << "bench_feed: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
