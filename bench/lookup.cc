// Row 4: an increment whose two label values are looked up in each call, beside prometheus-cpp: one
// thread, and two.
//   bench_lookup [--smoke]
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>
#include <cstring>
#include <string>

#include "bench/support/recording.h"
#include "bench/support/text_total.h"
#include "weir/registry.h"

namespace {

using weir::bench::Crowd;
using weir::bench::JsonRow;

struct Request {
  std::string method, code;
};

// As a server meets them, in turn.
std::array<Request, 32> requests() {
  constexpr std::array kMethods = {"GET",   "HEAD",   "POST",    "PUT",
                                   "PATCH", "DELETE", "OPTIONS", "TRACE"};
  constexpr std::array kCodes = {"200", "301", "404", "500"};
  std::array<Request, 32> all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = {kMethods[i * 5 % kMethods.size()], kCodes[i / kMethods.size()]};
  }
  return all;
}

template <typename Increment>
double measure(const Crowd& crowd, const Increment& increment) {
  return weir::bench::nanoseconds_each(crowd, [&](unsigned, std::uint64_t turns) {
    const std::array<Request, 32> mine = requests();
    for (std::uint64_t i = 0; i < turns; ++i) {
      increment(mine[i % mine.size()]);
    }
  });
}

void run(const weir::bench::Effort& effort) {
  weir::Registry registry({.cells_dir = "none"});
  const weir::CounterFamily family = *registry.counter_family(
      {.name = "requests_total", .help = "Requests served.", .labels = {"method", "code"}});
  prometheus::Registry peer_registry;
  prometheus::Family<prometheus::Counter>& peer = prometheus::BuildCounter()
                                                      .Name("requests_total")
                                                      .Help("Requests served.")
                                                      .Register(peer_registry);
  std::uint64_t turns = 0, peer_turns = 0;
  for (const unsigned threads : {1u, 2u}) {
    JsonRow row;
    for (int i = 0; i < effort.rounds; ++i) {
      const Crowd crowd = effort.crowd(threads, 20);
      const Crowd peer_crowd = effort.crowd(threads, threads == 1 ? 140 : 430);
      row.weir.push_back(measure(
          crowd, [&](const Request& request) { family.with(request.method, request.code).inc(); }));
      row.peer.push_back(measure(peer_crowd, [&](const Request& request) {
        peer.Add({{"method", request.method}, {"code", request.code}}).Increment();
      }));
      turns += crowd.turns_in_all();
      peer_turns += peer_crowd.turns_in_all();
    }
    double peer_total = 0;
    for (const prometheus::ClientMetric& metric : peer.Collect().front().metric) {
      peer_total += metric.counter.value;
    }
    row.row = "4";
    row.what = std::string("increment with two label values looked up per call, ") +
               (threads == 1 ? "one thread" : "two threads");
    row.check =
        weir::bench::checked("Weir", weir::bench::text_total(registry, "requests_total{"), turns) +
        "; " + weir::bench::checked("prometheus-cpp", peer_total, peer_turns);
    row.profile = {{"series", requests().size()}, {"threads", threads}};
    print_ratio(row, 5);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(weir::bench::Effort(argc > 1 && std::strcmp(argv[1], "--smoke") == 0));
  } catch (const std::exception& error) {
    std::cerr << "bench_lookup: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
