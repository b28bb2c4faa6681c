// Rows 1 and 2: what a counter's increment costs, beside prometheus-cpp: one thread, two on one
// counter, and up to 64. Built twice: with the static library, and with the shared one, which
// prints row 1 alone.
//   bench_increment [--smoke]
//   bench_increment_shared [--smoke]
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <weir/registry.h>

#include <cstring>
#include <string>

#include "bench/support/recording.h"
#include "bench/support/text_total.h"

namespace {

using weir::bench::Crowd;
using weir::bench::Effort;
using weir::bench::JsonRow;
using weir::bench::median_of;

constexpr std::size_t kCounters = 64;
#ifdef WEIR_BENCH_SHARED
constexpr bool kShared = true;
#else
constexpr bool kShared = false;
#endif

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
#pragma GCC unroll 64
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
    return weir::bench::checked(Library::kName, library_.total(), turns_);
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

class Bench {
 public:
  explicit Bench(bool smoke) : effort_(smoke), threads_max_(smoke ? 4 : 64) {}

  void one_thread() {
    one_thread(Pattern::kHammered, 1.5, "one counter hammered", kShared ? 2 : 3);
    one_thread(Pattern::kRotating, 0.5, "rotating over 64 counters", kShared ? 2 : 10);
  }

  void two_threads() {
    JsonRow row, penalty;
    for (int i = 0; i < effort_.rounds; ++i) {
      row.weir.push_back(weir_.nanoseconds_each(Pattern::kHammered, effort_.crowd(2, 1.5)));
      const double one = weir_.nanoseconds_each(Pattern::kHammered, effort_.crowd(1, 1.5));
      row.peer.push_back(peer_.nanoseconds_each(Pattern::kHammered, effort_.crowd(2, 46)));
      penalty.weir.push_back(row.weir.back() / one);
    }
    row.row = "2";
    row.what = "counter increment, two threads on one counter";
    row.check = check();
    print_ratio(row, 20);

    penalty.row = "2";
    penalty.what = "the same against one thread on one counter";
    penalty.unit = "times";
    penalty.target = "<= 1.2 times";
    penalty.value = median_of(penalty.weir);
    penalty.at_most = 1.2;
    penalty.profile = series();
    penalty.check = check();
    print_in_words(penalty);
  }

 private:
  void one_thread(Pattern pattern, double weir_ns, const char* what, int divisor) {
    JsonRow row;
    for (int i = 0; i < effort_.rounds; ++i) {
      row.weir.push_back(weir_.nanoseconds_each(pattern, effort_.crowd(1, weir_ns)));
      row.peer.push_back(peer_.nanoseconds_each(pattern, effort_.crowd(1, 6)));
    }
    row.row = "1";
    row.what = std::string("counter increment, one thread, ") + what +
               (kShared ? ", through the shared library" : "");
    row.check = check();
    print_ratio(row, divisor);
  }

  // Threads against nanoseconds of a core, on one counter and each on its own.
  nlohmann::json series() {
    auto points = nlohmann::json::array();
    for (unsigned threads = 1; threads <= threads_max_; threads *= 2) {
      nlohmann::json point = {{"threads", threads}};
      for (const auto& [pattern, key] : {std::pair(Pattern::kHammered, "one_counter"),
                                         std::pair(Pattern::kOwn, "each_its_own")}) {
        const double weir_ns = weir_.nanoseconds_each(pattern, effort_.crowd(threads, 1.5));
        const double peer_ns = peer_.nanoseconds_each(pattern, effort_.crowd(threads, 20));
        point[key] = {{"weir_ns", weir_ns}, {"peer_ns", peer_ns}};
        std::cerr << "  " << threads << " threads, " << key << ": " << weir_ns << " ns, peer "
                  << peer_ns << '\n';
      }
      points.push_back(point);
    }
    return points;
  }

  [[nodiscard]] std::string check() const { return weir_.check() + "; " + peer_.check(); }

  const Effort effort_;
  const unsigned threads_max_;
  Subject<Weir> weir_;
  Subject<PrometheusCpp> peer_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Bench bench(argc > 1 && std::strcmp(argv[1], "--smoke") == 0);
    bench.one_thread();
    if (!kShared) {
      bench.two_threads();
    }
  } catch (const std::exception& error) {
    std::cerr << "bench_increment: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
