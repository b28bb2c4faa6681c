// Row 6: what it costs the sidecar to verify and merge one sample of a delta frame, on one core, in
// process: sidecar::Engine::receive, with applied table, dirty marks and histograms. Publishers
// take turns in a random order that is new in each round. Beside it: the same samples as lines of
// text whose key is looked up in a hash map, which is what statsd-like daemons do.
//   bench_merge [--smoke]
//   bench_merge --publishers 1000 --series-each 1000 [--shared] [--histogram-percent 10]
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstring>
#include <random>
#include <unordered_map>

#include "bench/support/core.h"
#include "bench/support/json_row.h"
#include "bench/support/simulated_publisher.h"

namespace {

using weir::bench::Catalog;
using weir::bench::Core;
using weir::bench::Load;
using weir::bench::SimulatedPublisher;
using Clock = std::chrono::steady_clock;

constexpr double kSampleNsMax = 6;
// So much is encoded before the clock is read: what the kernel has just copied is in the cache too.
constexpr std::size_t kBatchBytes = 128u << 10;

// Frames, one after the other at aligned places, as a receive buffer would have them.
class Batch {
 public:
  void add(const SimulatedPublisher& publisher, std::span<const std::uint8_t> bytes) {
    const std::size_t words = (bytes.size() + 7) / 8;
    if (used_ + words > words_.size()) {
      words_.resize(used_ + words);
    }
    std::memcpy(words_.data() + used_, bytes.data(), bytes.size());
    frames_.push_back({&publisher, used_, bytes.size()});
    used_ += words;
  }
  [[nodiscard]] bool is_full() const { return used_ * 8 >= kBatchBytes; }

  // Nanoseconds that the engine took for all of it.
  double deliver(weir::sidecar::Engine& engine) {
    std::size_t accepted = 0;
    const auto begin = Clock::now();
    // As the ingest thread does with all that waits.
    coming_.clear();
    for (const Frame& frame : frames_) {
      coming_.emplace_back(
          frame.publisher->subject(), std::string_view(),
          std::span(reinterpret_cast<const std::uint8_t*>(words_.data() + frame.at), frame.bytes));
    }
    for (std::size_t i = 0; i < coming_.size(); ++i) {
      accepted += engine.receive(std::span(coming_).subspan(i));
    }
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    if (accepted != frames_.size()) {
      throw std::runtime_error("the engine refused a frame");
    }
    frames_.clear();
    used_ = 0;
    return taken.count();
  }

 private:
  struct Frame {
    const SimulatedPublisher* publisher;
    std::size_t at, bytes;
  };
  std::vector<std::uint64_t> words_;
  std::vector<Frame> frames_;
  std::vector<weir::sidecar::Incoming> coming_;
  std::size_t used_ = 0;
};

class Subject {
 public:
  explicit Subject(const Load& load) : load_(load), core_(load.node) {
    publishers_.reserve(load_.publishers);
    for (std::uint32_t i = 0; i < load_.publishers; ++i) {
      publishers_.emplace_back(load_, i);
      order_.push_back(i);
      publishers_.back().define([&](std::span<const std::uint8_t> bytes) {
        if (!core_.engine().receive(publishers_.back().subject(), {}, bytes)) {
          throw std::runtime_error("the engine refused a definition");
        }
      });
    }
  }

  // Nanoseconds for each sample.
  double round() {
    double taken_ns = 0;
    std::uint64_t samples = 0;
    for (std::uint32_t chunk = 0; chunk < load_.frames_each(); ++chunk) {
      std::shuffle(order_.begin(), order_.end(), random_);
      for (const std::uint32_t i : order_) {
        batch_.add(publishers_[i], publishers_[i].next(chunk, encoder_));
        samples += publishers_[i].samples_of(chunk);
        if (batch_.is_full()) {
          taken_ns += batch_.deliver(core_.engine());
        }
      }
    }
    taken_ns += batch_.deliver(core_.engine());
    samples_ += samples;
    return taken_ns / static_cast<double>(samples);
  }

  // Throws if the sums are not what was stated.
  [[nodiscard]] std::string check() {
    std::uint64_t stated = 0;
    for (const SimulatedPublisher& publisher : publishers_) {
      stated += publisher.stated();
    }
    std::uint64_t merged = 0;
    for (const auto& [name, total] : core_.engine().totals().families) {
      merged += name.starts_with("bench_") ? total : 0;
    }
    if (merged != stated) {
      throw std::runtime_error("the sums are " + std::to_string(merged) + ", not " +
                               std::to_string(stated));
    }
    return std::to_string(samples_) + " samples; the sums are " + std::to_string(merged) +
           " as stated";
  }

 private:
  const Load& load_;
  Core core_;
  std::vector<SimulatedPublisher> publishers_;
  std::vector<std::uint32_t> order_;
  std::mt19937_64 random_{1};
  weir::wire::Encoder encoder_;
  Batch batch_;
  std::uint64_t samples_ = 0;
};

// "name{labels} increment" per sample, in the same order of publishers.
class TextPeer {
 public:
  explicit TextPeer(const Load& load) : load_(load) {
    const Catalog catalog(0);
    const std::uint32_t series =
        load.shared ? load.series_each : load.publishers * load.series_each;
    for (std::uint32_t i = 0; i < series; ++i) {
      std::string line = catalog.family_name(Catalog::family_of(i)) + '{';
      const auto values = Catalog::label_values(i);
      for (std::size_t k = 0; k < values.size(); ++k) {
        line.append(Catalog::kLabelNames[k]).append("=\"").append(values[k]).append("\",");
      }
      line.back() = '}';
      totals_.emplace(line, 0);
      lines_.push_back(line + ' ' + std::to_string(Catalog::step(i)));
    }
    for (std::uint32_t i = 0; i < load.publishers; ++i) {
      order_.push_back(i);
    }
  }

  double round() {
    std::shuffle(order_.begin(), order_.end(), random_);
    std::uint64_t samples = 0;
    const auto begin = Clock::now();
    for (const std::uint32_t publisher : order_) {
      const std::size_t first = load_.shared ? 0 : std::size_t{publisher} * load_.series_each;
      for (std::size_t i = first; i < first + load_.series_each; ++i) {
        const std::string_view line = lines_[i];
        const std::size_t space = line.rfind(' ');
        std::uint64_t step = 0;
        std::from_chars(line.data() + space + 1, line.data() + line.size(), step);
        totals_.find(line.substr(0, space))->second += step;
        stated_ += step;
        ++samples;
      }
    }
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    return taken.count() / static_cast<double>(samples);
  }

  void check() const {
    std::uint64_t merged = 0;
    for (const auto& [name, total] : totals_) {
      merged += total;
    }
    if (merged != stated_) {
      throw std::runtime_error("the peer has counted wrong");
    }
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  const Load& load_;
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> totals_;
  std::vector<std::string> lines_;
  std::vector<std::uint32_t> order_;
  std::mt19937_64 random_{1};
  std::uint64_t stated_ = 0;
};

std::string in_words(const Load& load) {
  return std::to_string(load.publishers) + " publishers " +
         (load.shared ? "on the same " : "with series of their own, each ") +
         std::to_string(load.series_each) + ", " + std::to_string(load.histogram_percent) +
         "% histograms, random order";
}

void measure(const Load& load, int rounds) {
  std::cerr << "row 6: " << in_words(load) << '\n';
  Subject subject(load);
  TextPeer peer(load);
  weir::bench::JsonRow line;
  static_cast<void>(subject.round());  // touches all memory once
  static_cast<void>(peer.round());
  for (int i = 0; i < rounds; ++i) {
    line.weir.push_back(subject.round());
    line.peer.push_back(peer.round());
  }
  peer.check();
  line.row = "6";
  line.what = "verify and merge one sample, " + in_words(load);
  line.unit = "ns";
  line.target = "<= 6 ns";
  line.check = subject.check();
  line.peer_name = "std::unordered_map by text, GCC " __VERSION__;
  line.value = weir::bench::median_of(line.weir);
  line.at_most = kSampleNsMax;
  line.profile = {{"publishers", load.publishers},
                  {"series_each", load.series_each},
                  {"series", load.shared ? load.series_each : load.publishers * load.series_each},
                  {"shared", load.shared},
                  {"histogram_percent", load.histogram_percent},
                  {"frame_samples", std::min(load.frame_samples, load.series_each)}};
  weir::bench::print(line);
  std::cerr << "  " << line.value << " ns, by text " << weir::bench::median_of(line.peer) << '\n';
}

std::vector<Load> loads_of_the_row(bool smoke) {
  std::vector<Load> loads;
  for (const bool shared : {false, true}) {
    for (const std::uint32_t histogram_percent : {0u, 10u}) {
      Load load;
      load.publishers = smoke ? 10 : 1000;
      load.series_each = smoke ? 100 : 1000;
      load.shared = shared;
      load.histogram_percent = histogram_percent;
      loads.push_back(load);
    }
  }
  return loads;
}

}  // namespace

int main(int argc, char** argv) {
  Load one;
  one.publishers = 0;
  bool smoke = false;
  int rounds = 0;
  CLI::App app("What it costs to merge a sample.", "bench_merge");
  app.add_flag("--smoke", smoke, "tiny, to see that it works");
  app.add_option("--rounds", rounds);
  app.add_option("--publishers", one.publishers, "instead of the loads of row 6")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--series-each", one.series_each)->check(CLI::Range(1, 2'000'000));
  app.add_flag("--shared", one.shared, "all publishers state the same series");
  app.add_option("--histogram-percent", one.histogram_percent)->check(CLI::Range(0, 100));
  app.add_option("--frame-samples", one.frame_samples)->check(CLI::Range(1, 50'000));
  CLI11_PARSE(app, argc, argv);
  try {
    for (const Load& load : one.publishers > 0 ? std::vector<Load>{one} : loads_of_the_row(smoke)) {
      measure(load, rounds > 0 ? rounds : smoke ? 2 : 7);
    }
  } catch (const std::exception& error) {
    std::cerr << "bench_merge: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
