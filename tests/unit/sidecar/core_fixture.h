// The sidecar's core without sockets: a clock that stands still, a control sink that remembers, and
// publishers made of frames.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schemas/codec.h"
#include "schemas/subjects.h"
#include "sidecar/engine.h"

namespace weir::sidecar {

class RecordingControl final : public ControlSink {
 public:
  struct Sent {
    std::string subject;
    wire::Kind kind;
    wire::InstanceId instance;
    std::uint64_t seq;
  };
  void send(std::string_view subject, std::span<const std::uint8_t> bytes) override {
    wire::Decoder decoder;
    if (decoder.decode(bytes).reason == wire::Reason::kNone) {
      const wire::Frame& frame = decoder.frame();
      sent.push_back({std::string(subject), frame.kind, frame.instance, frame.seq});
    }
  }
  [[nodiscard]] std::size_t count(wire::Kind kind) const {
    std::size_t found = 0;
    for (const Sent& one : sent) {
      found += one.kind == kind ? 1 : 0;
    }
    return found;
  }
  std::vector<Sent> sent;
};

struct CoreFixture {
  std::int64_t now = 1'700'000'000'000;
  std::map<std::uint32_t, bool> dead;  // by pid
  RecordingControl control;
  EngineOptions options;
  std::unique_ptr<Engine> engine_;

  CoreFixture() { options.node = "node-1"; }
  Engine& engine() {
    if (engine_ == nullptr) {
      engine_ = std::make_unique<Engine>(
          options, control, [this] { return now; },
          [this](std::uint32_t pid, std::uint64_t, std::int64_t) { return !dead[pid]; }, 1);
      LinkStatus link;
      link.connected = true;
      engine_->set_link(link);
    }
    return *engine_;
  }
  std::string text(const Selection& selection = {}) {
    return engine().metrics(Format::kPrometheusText, selection);
  }
  // The value printed for `sample` (name and labels), or "absent".
  std::string value(const std::string& sample) {
    const std::string body = "\n" + text();
    const std::size_t at = body.find("\n" + sample + " ");
    if (at == std::string::npos) {
      return "absent";
    }
    const std::size_t from = at + sample.size() + 2;
    return body.substr(from, body.find('\n', from) - from);
  }
  void pass(std::int64_t milliseconds) {
    now += milliseconds;
    engine().tick();
  }
};

// A publisher whose frames are written by hand.
class FramePublisher {
 public:
  FramePublisher(CoreFixture& core, std::string service, std::uint32_t pid = 100)
      : core_(core), service_(std::move(service)), started_(core.now), pid_(pid) {}

  // Families of the next keyframe.
  std::uint32_t family(wire::FamilyView view) {
    view.id = static_cast<std::uint32_t>(families_.size());
    families_.push_back(std::move(view));
    return families_.back().id;
  }
  std::uint32_t series(std::uint32_t family, std::vector<std::string> labels = {}) {
    series_.push_back({family, std::move(labels), core_.now});
    return static_cast<std::uint32_t>(series_.size() - 1);
  }
  std::uint32_t counter(std::string_view name) { return series(family({.name = name})); }

  FramePublisher& set(std::uint32_t series_id, std::uint64_t total) {
    counters_[series_id] = total;
    return *this;
  }
  // What was set is stated in each frame, until now.
  FramePublisher& unset_counters() {
    counters_.clear();
    return *this;
  }
  FramePublisher& set_double(std::uint32_t series_id, double total) {
    doubles_[series_id] = total;
    return *this;
  }
  FramePublisher& set_gauge(std::uint32_t series_id, double value) {
    gauges_[series_id] = value;
    return *this;
  }
  FramePublisher& set_histogram(std::uint32_t series_id, std::vector<std::uint64_t> buckets,
                                double sum) {
    histograms_[series_id] = {std::move(buckets), sum};
    return *this;
  }
  FramePublisher& remove(std::uint32_t series_id) {
    removals_.push_back(series_id);
    return *this;
  }

  std::vector<std::uint8_t> make(wire::Kind kind) {
    wire::Frame frame;
    frame.kind = kind;
    frame.instance = id;
    frame.seq = ++seq;
    frame.part = part;
    frame.parts = parts;
    if (kind != wire::Kind::kDelta) {
      frame.has_identity = true;
      frame.identity.node = node;
      frame.identity.service = service_;
      frame.identity.pid = pid_;
      frame.identity.pid_namespace = 1;
      frame.identity.started_unix_ms = started_;
      frame.identity.heartbeat_interval_ms = 5000;
      frame.identity.service_label = service_label;
      frame.identity.cells_file = cells_file;
      frame.identity.constant_labels = constant_labels;
    }
    std::vector<std::uint32_t> ids, series_families;
    std::vector<std::int64_t> starts;
    if (kind != wire::Kind::kDelta || define_in_delta) {
      frame.families = families_;
      for (std::uint32_t i = first_series; i < series_.size(); ++i) {
        ids.push_back(i);
        series_families.push_back(series_[i].family);
        starts.push_back(series_[i].started);
        frame.series_label_values.insert(frame.series_label_values.end(), series_[i].labels.begin(),
                                         series_[i].labels.end());
      }
    }
    frame.series_ids = ids;
    frame.series_families = series_families;
    frame.series_started_unix_ms = starts;
    const auto split = [](const auto& values, auto& keys, auto& totals) {
      for (const auto& [key, total] : values) {
        keys.push_back(key);
        totals.push_back(total);
      }
    };
    std::vector<std::uint32_t> counter_ids, double_ids, gauge_ids, histogram_ids;
    std::vector<std::uint64_t> counter_totals, bucket_totals;
    std::vector<double> double_totals, gauge_values, sums;
    std::vector<std::uint16_t> changed, bucket_indexes;
    if (!quiet) {
      split(counters_, counter_ids, counter_totals);
      split(doubles_, double_ids, double_totals);
      split(gauges_, gauge_ids, gauge_values);
    }
    for (const auto& [key, histogram] : quiet ? decltype(histograms_){} : histograms_) {
      histogram_ids.push_back(key);
      sums.push_back(histogram.second);
      changed.push_back(static_cast<std::uint16_t>(histogram.first.size()));
      for (std::uint16_t i = 0; i < histogram.first.size(); ++i) {
        bucket_indexes.push_back(i);
        bucket_totals.push_back(histogram.first[i]);
      }
    }
    frame.counter_ids = counter_ids;
    frame.counter_totals = counter_totals;
    frame.double_ids = double_ids;
    frame.double_totals = double_totals;
    frame.gauge_ids = gauge_ids;
    frame.gauge_values = gauge_values;
    frame.histogram_ids = histogram_ids;
    frame.histogram_sums = sums;
    frame.histogram_changed = changed;
    frame.bucket_indexes = bucket_indexes;
    frame.bucket_totals = bucket_totals;
    frame.removals = removals_;
    const auto bytes = encoder_.encode(frame);
    return {bytes.begin(), bytes.end()};
  }

  void deliver(const std::vector<std::uint8_t>& bytes, const std::string& reply = {}) {
    core_.engine().receive(subject(), reply, bytes);
  }
  void keyframe() { deliver(make(wire::Kind::kKeyframe)); }
  void delta() { deliver(make(wire::Kind::kDelta)); }
  void goodbye() { deliver(make(wire::Kind::kGoodbye), "reply." + id.to_string()); }
  [[nodiscard]] std::string subject() const { return wire::Subjects{}.publish(node, service_, id); }

  wire::InstanceId id = wire::InstanceId::random();
  std::string node = "node-1";
  std::uint64_t seq = 0;
  bool service_label = true;
  bool cells_file = false;
  bool define_in_delta = false;
  bool quiet = false;              // frames without samples: heartbeats
  std::uint32_t first_series = 0;  // announced from this id on
  std::uint16_t part = 0, parts = 1;
  std::vector<wire::LabelView> constant_labels;

 private:
  struct SeriesOf {
    std::uint32_t family;
    std::vector<std::string> labels;
    std::int64_t started;
  };
  CoreFixture& core_;
  std::string service_;
  std::int64_t started_;
  std::uint32_t pid_;
  std::vector<wire::FamilyView> families_;
  std::vector<SeriesOf> series_;
  std::map<std::uint32_t, std::uint64_t> counters_;
  std::map<std::uint32_t, double> doubles_, gauges_;
  std::map<std::uint32_t, std::pair<std::vector<std::uint64_t>, double>> histograms_;
  std::vector<std::uint32_t> removals_;
  wire::Encoder encoder_;
};

}  // namespace weir::sidecar
