// bench_visible: how long it takes until an increment stands in /metrics. One thread counts, at a
// random moment of the flush interval, and asks the sidecar again and again until it sees it, over
// one connection; what the asking itself costs is a part of the figure. Prints one object of JSON:
// milliseconds of each increment, how often was asked, and the last value seen.
#include <weir/weir.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/support/scraper.h"

namespace {

using Clock = std::chrono::steady_clock;
using weir::bench::Scraper;

constexpr std::chrono::seconds kPatience{10};

// The value of the only series that the request selects; 0 before there is one.
std::uint64_t shown(Scraper& scraper, const Scraper::Request& request) {
  const std::string_view page = scraper.scrape(request).body;
  const std::size_t at = page.find("\nbench_visible_total{");
  if (at == std::string_view::npos) {
    return 0;
  }
  const std::size_t space = page.find("} ", at);
  std::uint64_t value = 0;
  std::from_chars(page.data() + space + 2, page.data() + page.size(), value);
  return value;
}

struct Asked {
  double milliseconds = 0;
  std::uint64_t times = 0;
};

Asked wait_until_shown(Scraper& scraper, const Scraper::Request& request, std::uint64_t value) {
  const Clock::time_point begin = Clock::now();
  Asked asked;
  do {
    if (Clock::now() - begin > kPatience) {
      throw std::runtime_error("the increment is not shown");
    }
    ++asked.times;
  } while (shown(scraper, request) < value);
  asked.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  return asked;
}

nlohmann::json measure(const weir::NatsPublisherOptions& options, std::uint16_t port, int count) {
  weir::Registry registry;
  weir::Counter counter =
      *registry.counter({.name = "bench_visible_total", .help = "Counted to be seen."});
  weir::NatsPublisher publisher(registry, options);
  Scraper scraper(port);
  const Scraper::Request request{.path = "/metrics?name[]=bench_visible_total",
                                 .accept = Scraper::Accept::kText};
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> phase_ms(
      0, static_cast<double>(options.flush_interval.count()));
  counter.inc();
  static_cast<void>(wait_until_shown(scraper, request, 1));  // registration and zero are behind us

  std::vector<double> milliseconds;
  std::uint64_t asked = 0;
  for (int i = 0; i < count; ++i) {
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(phase_ms(random)));
    counter.inc();
    const Asked one = wait_until_shown(scraper, request, static_cast<std::uint64_t>(i) + 2);
    milliseconds.push_back(one.milliseconds);
    asked += one.times;
  }
  return {{"milliseconds", milliseconds}, {"asked", asked}, {"shown", shown(scraper, request)}};
}

}  // namespace

int main(int argc, char** argv) {
  weir::NatsPublisherOptions options;
  options.service = "bench";
  std::uint16_t port = 0;
  int count = 1000;
  int flush_ms = 10;
  CLI::App app("From an increment to /metrics.", "bench_visible");
  app.add_option("--url", options.url, "of NATS")->required();
  app.add_option("--node", options.node)->required();
  app.add_option("--port", port, "of the sidecar")->required();
  app.add_option("--count", count, "increments");
  app.add_option("--flush-ms", flush_ms, "flush interval")->check(CLI::Range(10, 10'000));
  CLI11_PARSE(app, argc, argv);
  options.flush_interval = std::chrono::milliseconds(flush_ms);
  try {
    std::cout << measure(options, port, count).dump() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "bench_visible: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
