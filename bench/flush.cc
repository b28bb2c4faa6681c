// Row 5: what a publisher's flush costs without the socket: FrameSource::delta, scan and encode,
// over 1,000 counters of which 10% changed. It must not allocate once it has done so.
//   bench_flush [--smoke]
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>

#include "bench/support/recording.h"
#include "client_lib/src/frame_source.h"
#include "schemas/codec.h"
#include "weir/registry.h"

namespace {
thread_local std::uint64_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using Clock = std::chrono::steady_clock;
using weir::bench::JsonRow;

constexpr std::size_t kCounters = 1000;
constexpr std::size_t kChanged = kCounters / 10;
constexpr double kCounterNsMax = 3;

class CountingSink final : public weir::FrameSink {
 public:
  void frame(const weir::wire::Frame& frame, std::span<const std::uint8_t> bytes) override {
    ++frames;
    samples += frame.counter_ids.size();
    bytes_in_all += bytes.size();
    last.assign(bytes.begin(), bytes.end());
  }
  std::uint64_t frames = 0, samples = 0, bytes_in_all = 0;
  std::vector<std::uint8_t> last;
};

// `threads`: have recorded, so that there are so many ranges of cells to add up. Their counts are
// in all of them, as where requests come to any thread.
class Subject {
 public:
  explicit Subject(unsigned threads) : threads_(threads) {
    const weir::CounterFamily family =
        *registry_.counter_family({.name = "work_total", .help = "Work done.", .labels = {"kind"}});
    for (std::size_t i = 0; i < kCounters; ++i) {
      counters_.push_back(family.with(std::to_string(i)));
    }
    order_.resize(kCounters);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    touch();
    for (int i = 0; i < 3; ++i) {
      change();
      flush();
    }
    flushes_ = sink_.samples = 0;
  }

  // Nanoseconds for each counter: the median of the flushes.
  double round(unsigned flushes) {
    std::vector<double> each;
    each.reserve(flushes);
    for (unsigned i = 0; i < flushes; ++i) {
      change();
      each.push_back(flush());
    }
    return weir::bench::median_of(std::move(each)) / kCounters;
  }

  [[nodiscard]] std::string check() const {
    const std::string found = std::to_string(flushes_) + " flushes stated " +
                              std::to_string(sink_.samples) + " samples, " +
                              std::to_string(sink_.last.size()) + " bytes each, and allocated " +
                              std::to_string(allocated_) + " times";
    weir::wire::Decoder decoder;
    const bool decoded =
        !decoder.decode(sink_.last) && decoder.frame().counter_ids.size() == kChanged;
    if (!decoded || sink_.samples != flushes_ * kChanged || allocated_ != 0) {
      throw std::runtime_error(found);
    }
    return found;
  }

 private:
  // Each thread counts each counter, all of them alive at once.
  void touch() {
    weir::bench::StartLine line(threads_);
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads_; ++i) {
      others.emplace_back([&] {
        for (weir::Counter& counter : counters_) {
          counter.inc();
        }
        line.wait();
      });
    }
    for (weir::Counter& counter : counters_) {
      counter.inc();
    }
    line.wait();
  }

  void change() {
    for (std::size_t i = 0; i < kChanged; ++i) {
      std::swap(order_[i], order_[i + random_() % (kCounters - i)]);
      counters_[order_[i]].inc();
    }
  }

  double flush() {
    const std::uint64_t before = allocations;
    const auto begin = Clock::now();
    source_.delta(1'900'000'000'000, 1 << 20, sink_);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    allocated_ += flushes_ > 0 ? allocations - before : 0;
    ++flushes_;
    return taken.count();
  }

  const unsigned threads_;
  weir::Registry registry_{{.cells_dir = "none"}};
  std::vector<weir::Counter> counters_;
  std::vector<std::size_t> order_;
  std::mt19937_64 random_{1};
  weir::FrameSource source_{registry_.core(), {.node = "node-1", .service = "bench"}, {1, 2}};
  CountingSink sink_;
  std::uint64_t flushes_ = 0, allocated_ = 0;
};

void run(bool smoke) {
  const unsigned flushes = smoke ? 50 : 2000;
  const int rounds = smoke ? 3 : 11;
  JsonRow row;
  Subject subject(1);
  for (int i = 0; i < rounds; ++i) {
    row.weir.push_back(subject.round(flushes));
  }
  row.row = "5";
  row.what = "flush of 1,000 counters, 10% changed: scan and encode, one counter of all";
  row.unit = "ns";
  row.target = "<= 3 ns per counter";
  row.value = weir::bench::median_of(row.weir);
  row.at_most = kCounterNsMax;
  row.check = subject.check();
  // Ranges of cells are never given back, so more of them come last.
  row.profile = {{{"threads_that_recorded", 1}, {"ns", row.value}}};
  for (unsigned threads = 2; threads <= (smoke ? 4 : 64); threads *= 2) {
    Subject crowded(threads);
    const double each_ns = crowded.round(flushes);
    static_cast<void>(crowded.check());
    row.profile.push_back({{"threads_that_recorded", threads}, {"ns", each_ns}});
    std::cerr << "  after " << threads << " threads: " << each_ns << " ns\n";
  }
  print_in_words(row);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 && std::strcmp(argv[1], "--smoke") == 0);
  } catch (const std::exception& error) {
    std::cerr << "bench_flush: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
