// Rows 1 and 2: what a counter's increment costs, beside prometheus-cpp: one thread, two on one
// counter, and up to 64. Built twice: with the static library, and with the shared one, which
// prints row 1 alone.
//   bench_increment [--smoke]
//   bench_increment_shared [--smoke]
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <weir/registry.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "bench/support/json_row.h"
#include "bench/support/text_total.h"
#include "bench/support/threads.h"

namespace {

using weir::bench::Crowd;
using weir::bench::JsonRow;
using weir::bench::median_of;

constexpr std::size_t kCounters = 64;
constexpr const char* kPeer = "prometheus-cpp " WEIR_PROMETHEUS_CPP_VERSION;

// Which counter a turn takes.
enum class Pattern { kHammered, kRotating, kOwn };

// Counters of either library, with inc(counter); counts its turns.
template <typename Library>
class Subject {
 public:
  double nanoseconds_each(Pattern pattern, const Crowd& crowd) {
    turns_ += crowd.turns_in_all();
    auto* const all = library_.counters.data();
    if (pattern == Pattern::kRotating) {
      return weir::bench::nanoseconds_each(crowd, [=](unsigned, std::uint64_t turns) {
        auto* const first = all;  // in a register: a program that counts 64 things has no loop
        for (std::uint64_t pass = 0; pass < turns / kCounters; ++pass) {
#pragma GCC unroll 8
          for (std::size_t i = 0; i < kCounters; ++i) {
            Library::inc(first[i]);
          }
        }
      });
    }
    return weir::bench::nanoseconds_each(crowd, [=](unsigned thread, std::uint64_t turns) {
      auto& counter = all[pattern == Pattern::kOwn ? thread % kCounters : 0];
      for (std::uint64_t i = 0; i < turns; ++i) {
        Library::inc(counter);
      }
    });
  }

  // Throws if it has not counted each turn.
  [[nodiscard]] std::string check() const {
    const double counted = library_.total();
    if (counted != static_cast<double>(turns_)) {
      throw std::runtime_error(std::string(Library::kName) + " counted " + std::to_string(counted) +
                               ", not " + std::to_string(turns_));
    }
    return std::string(Library::kName) + " counted " + std::to_string(turns_);
  }

 private:
  Library library_;
  std::uint64_t turns_ = 0;
};

struct Weir {
  static constexpr const char* kName = "Weir";
  Weir() {
    const auto family =
        registry.counter_family({.name = "work_total", .help = "Work done.", .labels = {"kind"}});
    for (std::size_t i = 0; i < kCounters; ++i) {
      counters.push_back(family->with(std::to_string(i)));
    }
  }
  static void inc(weir::Counter& counter) { counter.inc(); }
  [[nodiscard]] double total() const { return weir::bench::text_total(registry, "work_total{"); }

  weir::Registry registry{{.cells_dir = "none"}};
  std::vector<weir::Counter> counters;
};

struct PrometheusCpp {
  static constexpr const char* kName = "prometheus-cpp";
  struct Handle {
    prometheus::Counter* counter;
  };
  PrometheusCpp() {
    auto& family =
        prometheus::BuildCounter().Name("work_total").Help("Work done.").Register(registry);
    for (std::size_t i = 0; i < kCounters; ++i) {
      counters.push_back({&family.Add({{"kind", std::to_string(i)}})});
    }
  }
  static void inc(Handle handle) { handle.counter->Increment(); }
  [[nodiscard]] double total() const {
    double sum = 0;
    for (const Handle handle : counters) {
      sum += handle.counter->Value();
    }
    return sum;
  }

  prometheus::Registry registry;
  std::vector<Handle> counters;
};

// Chunks of about a millisecond.
Crowd crowd_of(unsigned threads, unsigned chunks, double expected_ns) {
  return {threads, chunks, static_cast<std::uint64_t>(1e6 / expected_ns) / kCounters * kCounters};
}

class Bench {
 public:
  explicit Bench(bool smoke) : rounds_(smoke ? 3 : 11), chunks_(smoke ? 5 : 31), smoke_(smoke) {}

  void one_thread(const std::string& where) {
    const auto line = [&](Pattern pattern, double weir_ns, const char* what, const char* target,
                          double at_most) {
      JsonRow row;
      for (int i = 0; i < rounds_; ++i) {
        row.weir.push_back(weir_.nanoseconds_each(pattern, crowd_of(1, chunks_, weir_ns)));
        row.peer.push_back(peer_.nanoseconds_each(pattern, crowd_of(1, chunks_, 6)));
      }
      row.row = "1";
      row.what = std::string("counter increment, one thread, ") + what + where;
      print_ratio(row, target, at_most);
    };
    const bool shared = !where.empty();
    line(Pattern::kHammered, 1.5, "one counter hammered", shared ? "<= 1/2" : "<= 1/3",
         shared ? 1.0 / 2 : 1.0 / 3);
    line(Pattern::kRotating, 0.5, "rotating over 64 counters", shared ? "<= 1/2" : "<= 1/10",
         shared ? 1.0 / 2 : 1.0 / 10);
  }

  void two_threads() {
    JsonRow row, penalty;
    for (int i = 0; i < rounds_; ++i) {
      row.weir.push_back(weir_.nanoseconds_each(Pattern::kHammered, crowd_of(2, chunks_, 1.5)));
      const double one = weir_.nanoseconds_each(Pattern::kHammered, crowd_of(1, chunks_, 1.5));
      row.peer.push_back(peer_.nanoseconds_each(Pattern::kHammered, crowd_of(2, chunks_, 46)));
      penalty.weir.push_back(row.weir.back() / one);
    }
    row.row = "2";
    row.what = "counter increment, two threads on one counter";
    print_ratio(row, "<= 1/20", 1.0 / 20);

    penalty.row = "2";
    penalty.what = "the same against one thread on one counter";
    penalty.unit = "times";
    penalty.target = "<= 1.2 times";
    penalty.value = median_of(penalty.weir);
    penalty.at_most = 1.2;
    penalty.profile = series();
    print(penalty);
  }

 private:
  // Threads against nanoseconds of a core, on one counter and each on its own.
  nlohmann::json series() {
    auto points = nlohmann::json::array();
    for (unsigned threads = 1; threads <= (smoke_ ? 4 : 64); threads *= 2) {
      nlohmann::json point = {{"threads", threads}};
      for (const auto& [pattern, key] : {std::pair(Pattern::kHammered, "one_counter"),
                                         std::pair(Pattern::kOwn, "each_its_own")}) {
        const double weir_ns = weir_.nanoseconds_each(pattern, crowd_of(threads, chunks_, 1.5));
        const double peer_ns = peer_.nanoseconds_each(pattern, crowd_of(threads, chunks_, 20));
        point[key] = {{"weir_ns", weir_ns}, {"peer_ns", peer_ns}};
        std::cerr << "  " << threads << " threads, " << key << ": " << weir_ns << " ns, " << kPeer
                  << ' ' << peer_ns << '\n';
      }
      points.push_back(point);
    }
    return points;
  }

  void print_ratio(JsonRow& row, const char* target, double at_most) {
    row.unit = "ns";
    row.peer_name = kPeer;
    row.target = std::string(target) + " of the peer";
    row.value = median_of(row.weir) / median_of(row.peer);
    row.at_most = at_most;
    print(row);
  }

  void print(JsonRow& row) {
    row.check = weir_.check() + "; " + peer_.check();
    weir::bench::print(row);
    std::cerr << "row " << row.row << ": " << row.what << ": " << median_of(row.weir) << ' '
              << row.unit << "; " << row.value << " of at most " << row.at_most << '\n';
  }

  const int rounds_;
  const unsigned chunks_;
  const bool smoke_;
  Subject<Weir> weir_;
  Subject<PrometheusCpp> peer_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Bench bench(argc > 1 && std::strcmp(argv[1], "--smoke") == 0);
#ifdef WEIR_BENCH_SHARED
    bench.one_thread(", through the shared library");
#else
    bench.one_thread("");
    bench.two_threads();
#endif
  } catch (const std::exception& error) {
    std::cerr << "bench_increment: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
