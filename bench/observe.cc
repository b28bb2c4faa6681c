// Row 3: what one observation in a histogram costs, beside prometheus-cpp: 11 and 20 bounds, one
// thread and two. Then, with writers at full speed, the flusher's reader looks again and again:
// each histogram it sees must be whole.
//   bench_observe [--smoke]
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>

#include "bench/support/recording.h"
#include "bench/support/text_total.h"
#include "client_lib/src/cell_reader.h"
#include "client_lib/src/registry_core.h"
#include "weir/registry.h"

namespace {

using weir::bench::Crowd;
using weir::bench::JsonRow;
using weir::bench::median_of;

// Of any size between the lowest bound and past the highest, in an order that nobody can foresee.
class Values {
 public:
  explicit Values(const weir::Bounds& bounds) {
    std::mt19937_64 random(1);
    std::uniform_int_distribution<std::size_t> bucket(0, bounds.size());
    for (double& value : values_) {
      const std::size_t i = bucket(random);
      value = i < bounds.size() ? bounds[i] * 0.75 : bounds.back() * 2;
    }
  }
  static constexpr std::size_t kValues = 4096;
  [[nodiscard]] const double* data() const { return values_.data(); }

 private:
  std::array<double, kValues> values_;
};

template <typename Observe>
double measure(const Crowd& crowd, const Values& values, const Observe& observe) {
  return weir::bench::nanoseconds_each(crowd, [&](unsigned, std::uint64_t turns) {
    const double* const each = values.data();
    Observe mine = observe;
    for (std::uint64_t i = 0; i < turns; ++i) {
      mine(each[i % Values::kValues]);
    }
  });
}

void measure(std::size_t bound_count, const weir::bench::Effort& effort) {
  const weir::Bounds bounds = weir::exponential_bounds(0.001, 2, bound_count);
  const Values values(bounds);
  weir::Registry registry({.cells_dir = "none"});
  weir::Histogram histogram =
      *registry.histogram({.name = "took_seconds", .help = "Time taken.", .bounds = bounds});
  prometheus::Registry peer_registry;
  prometheus::Histogram& peer =
      prometheus::BuildHistogram()
          .Name("took_seconds")
          .Help("Time taken.")
          .Register(peer_registry)
          .Add({}, prometheus::Histogram::BucketBoundaries(bounds.begin(), bounds.end()));
  std::uint64_t turns = 0, peer_turns = 0;
  for (const unsigned threads : {1u, 2u}) {
    JsonRow row;
    for (int i = 0; i < effort.rounds; ++i) {
      const Crowd crowd = effort.crowd(threads, 5);
      const Crowd peer_crowd = effort.crowd(threads, threads == 1 ? 24 : 160);
      row.weir.push_back(
          measure(crowd, values, [=](double value) mutable { histogram.observe(value); }));
      row.peer.push_back(measure(peer_crowd, values, [&](double value) { peer.Observe(value); }));
      turns += crowd.turns_in_all();
      peer_turns += peer_crowd.turns_in_all();
    }
    row.row = "3";
    row.what = "histogram observe, " + std::to_string(bound_count) + " bounds, " +
               (threads == 1 ? "one thread" : "two threads");
    row.check = weir::bench::checked(
                    "Weir", weir::bench::text_total(registry, "took_seconds_count"), turns) +
                "; " +
                weir::bench::checked("prometheus-cpp",
                                     static_cast<double>(peer.Collect().histogram.sample_count),
                                     peer_turns);
    row.profile = {{"bounds", bound_count}, {"threads", threads}};
    print_ratio(row, threads == 1 ? 4 : 14);
  }
}

// Observations are integers 1 .. bounds + 1, each with a bucket of its own, so the buckets say
// what the sum is, exactly: a reading in which they disagree is torn.
class Watched {
 public:
  explicit Watched(std::size_t bound_count)
      : bound_count_(bound_count),
        histogram_(*registry_.histogram({.name = "took_seconds",
                                         .help = "Time taken.",
                                         .bounds = weir::linear_bounds(1, 1, bound_count)})) {
    registry_.core().for_each_series(
        0, [&](const weir::SeriesCore& series) { first_cell_ = series.cell; });
  }

  // `pause`: turns of an empty loop between two observations.
  void watch(std::chrono::milliseconds duration, unsigned pause) {
    std::atomic<bool> ended{false};
    std::atomic<std::uint64_t> observed{0};
    {
      std::vector<std::jthread> writers;
      for (unsigned thread = 0; thread < 2; ++thread) {
        writers.emplace_back([&, histogram = histogram_]() mutable {
          std::uint64_t turns = 0;
          for (; !ended.load(std::memory_order_relaxed); ++turns) {
            histogram.observe(static_cast<double>(1 + turns % (bound_count_ + 1)));
            for (unsigned i = 0; i < pause; ++i) {
              asm volatile("" ::: "memory");
            }
          }
          observed.fetch_add(turns, std::memory_order_relaxed);
        });
      }
      const auto end = std::chrono::steady_clock::now() + duration;
      while (std::chrono::steady_clock::now() < end) {
        read();
      }
      ended.store(true, std::memory_order_relaxed);
    }
    observed_ += observed.load();
    read();
    if (count_ != observed_) {
      throw std::runtime_error("the reader saw " + std::to_string(count_) + " of " +
                               std::to_string(observed_) + " observations");
    }
  }

  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t moved() const { return moved_; }

 private:
  void read() {
    std::array<std::uint64_t, 64> totals;
    const std::span<std::uint64_t> buckets(totals.data(), bound_count_ + 1);
    const double sum = weir::cells::read_histogram(first_cell_, buckets);
    std::uint64_t count = 0, sum_of_buckets = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      count += buckets[i];
      sum_of_buckets += buckets[i] * (i + 1);
    }
    if (sum != static_cast<double>(sum_of_buckets) || count < count_) {
      throw std::runtime_error("a torn histogram: its sum is " + std::to_string(sum) +
                               ", its buckets say " + std::to_string(sum_of_buckets));
    }
    ++reads_;
    moved_ += count != count_ ? 1 : 0;
    count_ = count;
  }

  const std::size_t bound_count_;
  weir::Registry registry_{{.cells_dir = "none"}};
  weir::Histogram histogram_;
  std::uint32_t first_cell_ = 0;
  std::uint64_t observed_ = 0, count_ = 0, reads_ = 0, moved_ = 0;
};

void watch(bool smoke) {
  JsonRow row;
  const std::chrono::milliseconds duration(smoke ? 100 : 2000);
  std::uint64_t reads = 0, moved = 0;
  row.profile = nlohmann::json::array();
  for (const std::size_t bounds : {11u, 20u}) {
    for (const unsigned pause : {0u, 100u}) {
      Watched watched(bounds);
      watched.watch(duration, pause);
      reads += watched.reads();
      moved += watched.moved();
      row.profile.push_back({{"bounds", bounds},
                             {"pause_turns", pause},
                             {"reads", watched.reads()},
                             {"seconds", static_cast<double>(duration.count()) / 1000}});
      std::cerr << "  " << bounds << " bounds, pause " << pause << ": " << watched.reads()
                << " whole readings beside two writers\n";
    }
  }
  if (moved < 4) {
    throw std::runtime_error("the reader never saw the writers move");
  }
  row.row = "3";
  row.what = "torn histograms seen by a reader beside two writers";
  row.unit = "readings";
  row.weir = {0};  // a torn one ends the program
  row.target = "none";
  row.check = std::to_string(reads) + " readings, " + std::to_string(moved) +
              " of them with new observations, all whole";
  print_in_words(row);
}

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
  try {
    for (const std::size_t bounds : {11u, 20u}) {
      measure(bounds, weir::bench::Effort(smoke));
    }
    watch(smoke);
  } catch (const std::exception& error) {
    std::cerr << "bench_observe: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
