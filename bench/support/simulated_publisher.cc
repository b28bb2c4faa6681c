#include "bench/support/simulated_publisher.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "schemas/subjects.h"

namespace weir::bench {
namespace {

constexpr std::uint32_t kSeriesPerDefinition = 2000;  // about 300 KB: below NATS's max_payload

std::int64_t unix_ms() {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct SimulatedPublisher::Vectors {
  std::vector<std::uint32_t> counter_ids;
  std::vector<std::uint64_t> counter_totals;
  std::vector<std::uint32_t> histogram_ids;
  std::vector<double> histogram_sums;
  std::vector<std::uint16_t> histogram_changed;
  std::vector<std::uint16_t> bucket_indexes;
  std::vector<std::uint64_t> bucket_totals;

  void clear() {
    counter_ids.clear();
    counter_totals.clear();
    histogram_ids.clear();
    histogram_sums.clear();
    histogram_changed.clear();
    bucket_indexes.clear();
    bucket_totals.clear();
  }
  void show_in(wire::Frame& frame) const {
    frame.counter_ids = counter_ids;
    frame.counter_totals = counter_totals;
    frame.histogram_ids = histogram_ids;
    frame.histogram_sums = histogram_sums;
    frame.histogram_changed = histogram_changed;
    frame.bucket_indexes = bucket_indexes;
    frame.bucket_totals = bucket_totals;
  }
};

SimulatedPublisher::SimulatedPublisher(const Load& load, std::uint32_t number)
    : load_(load),
      catalog_(load.histogram_percent),
      number_(number),
      instance_(wire::InstanceId::random()),
      subject_(wire::Subjects{}.publish(load.node, Catalog::kService, instance_)),
      started_unix_ms_(unix_ms()),
      totals_(load.series_each),
      steps_(load.series_each),
      vectors_(std::make_unique<Vectors>()) {
  if (load.histogram_percent == 0) {
    locals_.resize(load.series_each);
    std::iota(locals_.begin(), locals_.end(), 0);
  } else {
    histogram_at_.resize(load.series_each);
  }
  for (std::uint32_t local = 0; local < load.series_each; ++local) {
    const std::uint32_t series = series_of(local);
    steps_[local] = Catalog::step(series);
    if (catalog_.is_histogram(series)) {
      histogram_at_[local] = static_cast<std::uint32_t>(histograms_.size());
      Histogram& histogram = histograms_.emplace_back();
      for (std::size_t i = 0; i < Catalog::kBuckets; ++i) {
        histogram.buckets[i] = Catalog::first_bucket_total(series, i);
        histogram.sum += static_cast<double>(histogram.buckets[i]) * Catalog::kSumOfObservation;
      }
    } else {
      totals_[local] = Catalog::first_total(series);
    }
  }
}

SimulatedPublisher::~SimulatedPublisher() = default;
SimulatedPublisher::SimulatedPublisher(SimulatedPublisher&&) noexcept = default;

std::uint32_t SimulatedPublisher::series_of(std::uint32_t local) const {
  if (!load_.shared) {
    return number_ * load_.series_each + local;
  }
  // An order of its own for each publisher: 7919 is a prime, so every series is met once.
  return static_cast<std::uint32_t>((local * 7919ull + number_ * 104'729ull) % load_.series_each);
}

std::uint64_t SimulatedPublisher::count_on(std::uint32_t local) {
  const std::uint64_t step = steps_[local];
  if (!catalog_.is_histogram(series_of(local))) {
    totals_[local] += step;
    return step;
  }
  Histogram& histogram = histograms_[histogram_at_[local]];
  for (const std::uint16_t bucket : Catalog::moving_buckets(series_of(local))) {
    histogram.buckets[bucket] += step;
  }
  histogram.sum += static_cast<double>(2 * step) * Catalog::kSumOfObservation;
  return 2 * step;
}

void SimulatedPublisher::append(std::uint32_t local, bool whole, Vectors& vectors) const {
  const std::uint32_t series = series_of(local);
  if (!catalog_.is_histogram(series)) {
    vectors.counter_ids.push_back(local);
    vectors.counter_totals.push_back(totals_[local]);
    return;
  }
  const Histogram& histogram = histograms_[histogram_at_[local]];
  const std::array<std::uint16_t, 2> moving = Catalog::moving_buckets(series);
  vectors.histogram_ids.push_back(local);
  vectors.histogram_sums.push_back(histogram.sum);
  vectors.histogram_changed.push_back(
      static_cast<std::uint16_t>(whole ? Catalog::kBuckets : moving.size()));
  for (std::uint16_t i = 0; i < vectors.histogram_changed.back(); ++i) {
    const std::uint16_t bucket = whole ? i : moving[i];
    vectors.bucket_indexes.push_back(bucket);
    vectors.bucket_totals.push_back(histogram.buckets[bucket]);
  }
}

wire::Frame SimulatedPublisher::header(wire::Kind kind) {
  wire::Frame frame;
  frame.kind = kind;
  frame.instance = instance_;
  frame.seq = ++seq_;
  frame.sent_unix_ms = started_unix_ms_;
  frame.increments = stated_;
  return frame;
}

void SimulatedPublisher::fill_identity(wire::Frame& frame) const {
  frame.has_identity = true;
  frame.identity.node = load_.node;
  frame.identity.service = Catalog::kService;
  frame.identity.pid = static_cast<std::uint32_t>(::getpid());
  frame.identity.started_unix_ms = started_unix_ms_;
  frame.identity.flush_interval_ms = load_.flush_interval_ms;
  frame.identity.heartbeat_interval_ms = load_.heartbeat_interval_ms;
}

void SimulatedPublisher::define(const Send& send) {
  wire::Encoder encoder;
  const std::vector<double> bounds = Catalog::bounds();
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < Catalog::kFamilies; ++i) {
    names.push_back(catalog_.family_name(i));
  }
  wire::Frame keyframe = header(wire::Kind::kKeyframe);
  fill_identity(keyframe);
  for (std::uint32_t i = 0; i < Catalog::kFamilies; ++i) {
    wire::FamilyView& family = keyframe.families.emplace_back();
    family.id = i;
    family.name = names[i];
    family.help = "Requests served, by account and route.";
    family.label_names.assign(Catalog::kLabelNames.begin(), Catalog::kLabelNames.end());
    if (catalog_.is_histogram_family(i)) {
      family.type = wire::Type::kHistogram;
      family.bounds = bounds;
    }
  }
  send(encoder.encode(keyframe));

  for (std::uint32_t from = 0; from < load_.series_each; from += kSeriesPerDefinition) {
    const std::uint32_t to = std::min(load_.series_each, from + kSeriesPerDefinition);
    std::vector<std::uint32_t> ids, families;
    std::vector<std::string> texts;
    vectors_->clear();
    for (std::uint32_t local = from; local < to; ++local) {
      const std::uint32_t series = series_of(local);
      ids.push_back(local);
      families.push_back(Catalog::family_of(series));
      for (std::string& text : Catalog::label_values(series)) {
        texts.push_back(std::move(text));
      }
      append(local, true, *vectors_);
      if (catalog_.is_histogram(series)) {
        const Histogram& histogram = histograms_[histogram_at_[local]];
        stated_ +=
            std::accumulate(histogram.buckets.begin(), histogram.buckets.end(), std::uint64_t{0});
      } else {
        stated_ += totals_[local];
      }
    }
    const std::vector<std::int64_t> started(ids.size(), started_unix_ms_);
    wire::Frame delta = header(wire::Kind::kDelta);
    delta.series_ids = ids;
    delta.series_families = families;
    delta.series_started_unix_ms = started;
    delta.series_label_values.assign(texts.begin(), texts.end());
    vectors_->show_in(delta);
    send(encoder.encode(delta));
  }
}

std::span<const std::uint8_t> SimulatedPublisher::next(std::uint32_t chunk,
                                                       wire::Encoder& encoder) {
  const std::uint32_t from = chunk * load_.frame_samples;
  const std::uint32_t count = samples_of(chunk);
  if (load_.histogram_percent == 0) {
    for (std::uint32_t local = from; local < from + count; ++local) {
      totals_[local] += steps_[local];
      stated_ += steps_[local];
    }
    wire::Frame delta = header(wire::Kind::kDelta);
    delta.counter_ids = std::span(locals_).subspan(from, count);
    delta.counter_totals = std::span(totals_).subspan(from, count);
    return encoder.encode(delta);
  }
  vectors_->clear();
  for (std::uint32_t local = from; local < from + count; ++local) {
    stated_ += count_on(local);
    append(local, false, *vectors_);
  }
  wire::Frame delta = header(wire::Kind::kDelta);
  vectors_->show_in(delta);
  return encoder.encode(delta);
}

void SimulatedPublisher::change_some(Which which, wire::Encoder& encoder, const Send& send) {
  std::uint32_t local = 0;
  while (local < load_.series_each) {
    vectors_->clear();
    std::uint32_t count = 0;
    for (; local < load_.series_each && count < load_.frame_samples; ++local) {
      const std::uint32_t series = series_of(local);
      if (which == Which::kSpread ? Catalog::is_among_spread(series)
                                  : Catalog::is_in_one_place(series)) {
        stated_ += count_on(local);
        append(local, false, *vectors_);
        ++count;
      }
    }
    if (count > 0) {
      wire::Frame delta = header(wire::Kind::kDelta);
      vectors_->show_in(delta);
      send(encoder.encode(delta));
    }
  }
}

void SimulatedPublisher::say_goodbye(wire::Encoder& encoder, const Send& send) {
  wire::Frame goodbye = header(wire::Kind::kGoodbye);
  fill_identity(goodbye);
  vectors_->clear();
  for (std::uint32_t local = 0; local < load_.series_each; ++local) {
    append(local, true, *vectors_);
  }
  vectors_->show_in(goodbye);
  send(encoder.encode(goodbye));
}

std::uint32_t SimulatedPublisher::samples_of(std::uint32_t chunk) const {
  const std::uint32_t from = chunk * load_.frame_samples;
  return std::min(load_.frame_samples, load_.series_each - from);
}

std::uint64_t SimulatedPublisher::lines_on_page() const {
  // A histogram shows its buckets, its count and its sum.
  return load_.series_each - histograms_.size() + histograms_.size() * (Catalog::kBuckets + 2);
}

}  // namespace weir::bench
