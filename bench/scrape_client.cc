// bench_scrape_client: scrapes one port, and says how long it took and what the page held. Commands
// on standard input, answers in JSON:
//   scrape [identity|gzip] [openmetrics|prometheus3|text]    once
//   run SECONDS [identity|gzip] [openmetrics|prometheus3|text]    back to back, for so long
//   exit
#include <CLI/CLI.hpp>
#include <chrono>

#include "bench/support/command_loop.h"
#include "bench/support/page_facts.h"
#include "bench/support/scraper.h"

namespace {

using weir::bench::Scraper;

Scraper::Request request_of(std::istringstream& rest, const std::string& path) {
  Scraper::Request request;
  request.path = path;
  for (std::string word; rest >> word;) {
    if (word == "gzip") {
      request.gzip = true;
    } else if (word == "text") {
      request.accept = Scraper::Accept::kText;
    } else if (word == "prometheus3") {
      request.accept = Scraper::Accept::kPrometheus3;
    } else if (word != "identity" && word != "openmetrics") {
      throw std::runtime_error("no such kind of scrape: " + word);
    }
  }
  return request;
}

nlohmann::json told(const Scraper::Answer& answer) {
  std::string unpacked;
  std::string_view page = answer.body;
  if (answer.coding == "gzip") {
    unpacked = weir::bench::gunzip(answer.body);
    page = unpacked;
  }
  const weir::bench::PageFacts facts = weir::bench::read_page(page);
  return {{"seconds", answer.seconds},
          {"wire_bytes", answer.wire_bytes},
          {"content_type", answer.content_type},
          {"coding", answer.coding},
          {"lines", facts.lines},
          {"bytes", facts.bytes},
          {"total", facts.total},
          {"broken", facts.broken}};
}

nlohmann::json scrape_for(Scraper& scraper, double seconds, const Scraper::Request& request) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<double> each;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() <
         seconds) {
    each.push_back(scraper.scrape(request).seconds);
  }
  return {{"scrapes", each.size()}, {"seconds_each", each}};
}

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::string path = "/metrics";
  CLI::App app("Scrapes as Prometheus does.", "bench_scrape_client");
  app.add_option("--port", port, "on the loopback")->required();
  app.add_option("--path", path);
  CLI11_PARSE(app, argc, argv);
  Scraper scraper(port);
  weir::bench::obey_commands(
      [&](const std::string& verb, std::istringstream& rest) -> nlohmann::json {
        if (verb == "scrape") {
          return told(scraper.scrape(request_of(rest, path)));
        }
        if (verb == "run") {
          double seconds = 1;
          rest >> seconds;
          return scrape_for(scraper, seconds, request_of(rest, path));
        }
        throw std::runtime_error("no command \"" + verb + "\"");
      });
  return 0;
}
