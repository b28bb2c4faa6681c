// bench_exposer: prometheus-cpp with the series of the catalogue, behind its Exposer. Commands on
// standard input, answers in JSON:
//   all | spread | one_place   so many series count on
//   truth                      what /metrics must show, and the port
//   exit
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <numeric>

#include "bench/support/catalog.h"
#include "bench/support/command_loop.h"

namespace {

using weir::bench::Catalog;

class Peer {
 public:
  Peer(std::uint32_t series, std::uint32_t histogram_percent) : catalog_(histogram_percent) {
    make_families();
    const std::vector<double> bounds = Catalog::bounds();
    for (std::uint32_t i = 0; i < series; ++i) {
      if (catalog_.is_histogram(i)) {
        series_.push_back({nullptr, &histogram_families_[Catalog::family_of(i)]->Add(
                                        labels_of(i), prometheus::Histogram::BucketBoundaries(
                                                          bounds.begin(), bounds.end()))});
        std::vector<double> buckets(Catalog::kBuckets);
        for (std::size_t k = 0; k < buckets.size(); ++k) {
          buckets[k] = static_cast<double>(Catalog::first_bucket_total(i, k));
        }
        observe(i, buckets);
        lines_ += Catalog::kBuckets + 2;
      } else {
        series_.push_back({&counter_families_[Catalog::family_of(i)]->Add(labels_of(i)), nullptr});
        series_.back().counter->Increment(static_cast<double>(Catalog::first_total(i)));
        total_ += Catalog::first_total(i);
        ++lines_;
      }
    }
    exposer_.RegisterCollectable(registry_);
  }

  template <typename Chosen>
  void change(Chosen chosen) {
    for (std::uint32_t i = 0; i < series_.size(); ++i) {
      if (!chosen(i)) {
        continue;
      }
      const std::uint64_t step = Catalog::step(i);
      if (series_[i].counter != nullptr) {
        series_[i].counter->Increment(static_cast<double>(step));
        total_ += step;
      } else {
        std::vector<double> buckets(Catalog::kBuckets);
        for (const std::uint16_t bucket : Catalog::moving_buckets(i)) {
          buckets[bucket] = static_cast<double>(step);
        }
        observe(i, buckets);
      }
    }
  }

  [[nodiscard]] nlohmann::json truth() const {
    return {{"total", total_}, {"lines", lines_}, {"port", exposer_.GetListeningPorts().front()}};
  }

 private:
  struct Series {
    prometheus::Counter* counter;
    prometheus::Histogram* histogram;
  };

  void make_families() {
    const prometheus::Labels service{{"service_name", std::string(Catalog::kService)}};
    const std::string help = "Requests served, by account and route.";
    for (std::uint32_t i = 0; i < Catalog::kFamilies; ++i) {
      const std::string name = catalog_.family_name(i);
      const bool histogram = catalog_.is_histogram_family(i);
      counter_families_.push_back(
          histogram ? nullptr
                    : &prometheus::BuildCounter().Name(name).Help(help).Labels(service).Register(
                          *registry_));
      histogram_families_.push_back(
          !histogram ? nullptr
                     : &prometheus::BuildHistogram().Name(name).Help(help).Labels(service).Register(
                           *registry_));
    }
  }

  static prometheus::Labels labels_of(std::uint32_t series) {
    prometheus::Labels labels;
    const auto values = Catalog::label_values(series);
    for (std::size_t i = 0; i < values.size(); ++i) {
      labels.emplace(Catalog::kLabelNames[i], values[i]);
    }
    return labels;
  }

  void observe(std::uint32_t series, const std::vector<double>& buckets) {
    const double count = std::accumulate(buckets.begin(), buckets.end(), 0.0);
    series_[series].histogram->ObserveMultiple(buckets, count * Catalog::kSumOfObservation);
    total_ += static_cast<std::uint64_t>(count);
  }

  const Catalog catalog_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::vector<prometheus::Family<prometheus::Counter>*> counter_families_;
  std::vector<prometheus::Family<prometheus::Histogram>*> histogram_families_;
  std::vector<Series> series_;
  std::uint64_t total_ = 0;
  std::uint64_t lines_ = 0;
  prometheus::Exposer exposer_{"127.0.0.1:0"};
};

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t series = 1000;
  std::uint32_t histogram_percent = 0;
  CLI::App app("prometheus-cpp's Exposer with many series.", "bench_exposer");
  app.add_option("--series", series);
  app.add_option("--histogram-percent", histogram_percent)->check(CLI::Range(0, 100));
  CLI11_PARSE(app, argc, argv);
  Peer peer(series, histogram_percent);
  weir::bench::obey_commands([&](const std::string& verb, std::istringstream&) -> nlohmann::json {
    if (verb == "all") {
      peer.change([](std::uint32_t) { return true; });
    } else if (verb == "spread") {
      peer.change(Catalog::is_among_spread);
    } else if (verb == "one_place") {
      peer.change(Catalog::is_in_one_place);
    } else if (verb != "truth") {
      throw std::runtime_error("no command \"" + verb + "\"");
    }
    return peer.truth();
  });
  return 0;
}
