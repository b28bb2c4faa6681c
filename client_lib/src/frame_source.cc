#include "frame_source.h"

#include <algorithm>
#include <utility>

#include "schemas/limits.h"
#include "weir/version.h"

namespace weir {
namespace {

// The root table, its vtable, the heads and paddings of its vectors.
constexpr std::size_t kFrameBytes = 512;
constexpr std::size_t kIdentityBytes = 256;
constexpr std::uint64_t kUnknownVersion = ~std::uint64_t{0};
constexpr std::size_t kPartBytesMin = 4096;  // below that a part is mostly head

std::size_t bytes_of(const PublisherIdentity& identity, const Labels& labels) {
  constexpr std::size_t kLabelBytes = 40;
  std::size_t bytes = kIdentityBytes + identity.node.size() + identity.service.size();
  for (const auto& [name, value] : labels) {
    bytes += kLabelBytes + name.size() + value.size();
  }
  return bytes;
}

std::size_t less_head(std::size_t bytes_max, std::size_t head) {
  return std::max(bytes_max, head + kPartBytesMin) - head;
}

}  // namespace

FrameSource::FrameSource(RegistryCore& registry, PublisherIdentity identity,
                         wire::InstanceId instance)
    : registry_(registry), identity_(std::move(identity)), instance_(instance) {}

std::size_t FrameSource::delta(std::int64_t now_unix_ms, std::size_t bytes_max, FrameSink& sink) {
  contents_.clear();
  learn();
  take(Taking::kChanged);
  if (contents_.empty()) {
    return 0;
  }
  cut_into_parts(contents_, less_head(bytes_max, kFrameBytes), cuts_);
  begin(wire::Kind::kDelta, now_unix_ms);
  Cut from;
  for (const Cut& to : cuts_) {  // each a delta of its own
    fill(frame_, contents_, from, to);
    emit(sink);
    from = to;
  }
  return cuts_.size();
}

void FrameSource::heartbeat(std::int64_t now_unix_ms, FrameSink& sink) {
  contents_.clear();
  begin(wire::Kind::kDelta, now_unix_ms);
  fill(frame_, contents_, {}, {});
  emit(sink);
}

FrameSource::Statement FrameSource::keyframe(wire::Kind kind, std::int64_t now_unix_ms,
                                             std::size_t bytes_max, FrameSink& sink) {
  if (!owes_formers_goodbye_) {
    learn();
  }
  contents_.clear();
  contents_.families = families_;
  for (const SeriesCore* series : series_) {
    contents_.add_series(*series);
    if (hidden_[series->id] != 0) {
      contents_.removals.push_back(series->id);
    }
  }
  Statement statement;
  statement.totals_moved = take(owes_formers_goodbye_ ? Taking::kStated : Taking::kAll);

  std::size_t part_bytes =
      less_head(bytes_max, kFrameBytes + bytes_of(identity_, registry_.constant_labels()));
  cut_into_parts(contents_, part_bytes, cuts_);
  while (cuts_.size() > wire::kPartsMax) {
    part_bytes *= 2;  // the transport may refuse it, and say so; more parts no receiver takes
    cut_into_parts(contents_, part_bytes, cuts_);
  }
  begin(kind, now_unix_ms);
  identify();
  frame_.parts = static_cast<std::uint16_t>(cuts_.size());
  Cut from;
  for (std::size_t part = 0; part < cuts_.size(); ++part) {
    frame_.part = static_cast<std::uint16_t>(part);
    fill(frame_, contents_, from, cuts_[part]);
    emit(sink);
    from = cuts_[part];
  }
  statement.seq = seq_;
  log_.said(seq_, frame_.increments);
  if (kind == wire::Kind::kGoodbye && (farewell_ == Farewell::kUnsaid || statement.totals_moved)) {
    farewell_ = Farewell::kSaid;
    goodbye_first_seq_ = seq_;
  }
  return statement;
}

bool FrameSource::acknowledged(std::uint64_t seq) {
  log_.acknowledged(seq);
  if (farewell_ == Farewell::kUnsaid || seq < goodbye_first_seq_ || seq > seq_) {
    return false;
  }
  farewell_ = Farewell::kAnswered;
  return true;
}

bool FrameSource::totals_moved() {
  learn_series();
  return counters_.moved() || doubles_.moved() || histograms_.moved();
}

std::uint64_t FrameSource::undelivered() {
  learn_series();
  return counters_.increments_now() + histograms_.increments_now() - log_.increments_acknowledged();
}

void FrameSource::renew(wire::InstanceId instance, std::int64_t started_unix_ms, bool counted) {
  instance_ = instance;
  identity_.started_unix_ms = started_unix_ms;
  seq_ = 0;
  log_ = {};
  farewell_ = Farewell::kUnsaid;
  owes_formers_goodbye_ = false;
  if (counted) {
    counters_.rebase();
    doubles_.rebase();
    histograms_.rebase();
  }
}

void FrameSource::inherit(PublisherIdentity identity, wire::InstanceId instance) {
  const bool same_names = identity.node == identity_.node &&
                          identity.service == identity_.service &&
                          identity.service_label == identity_.service_label;
  if (farewell_ != Farewell::kAnswered && same_names) {
    identity.started_unix_ms = identity_.started_unix_ms;
    identity_ = std::move(identity);
    owes_formers_goodbye_ = farewell_ == Farewell::kSaid;
    return;
  }
  // Under other names nobody adds the two up; what the former one was heard with stays its own.
  const bool counted = farewell_ == Farewell::kAnswered || log_.any_acknowledged();
  identity_ = std::move(identity);
  renew(instance, identity_.started_unix_ms, counted);
}

void FrameSource::name_cells(std::string_view subject_prefix) {
  Bases bases;
  counters_.add_bases(bases);
  doubles_.add_bases(bases);
  histograms_.add_bases(bases);
  contents_.clear();
  fill(frame_, contents_, {}, {});
  begin(wire::Kind::kKeyframe, identity_.started_unix_ms);
  identify();
  frame_.seq = 1;
  registry_.name_cells(instance_, subject_prefix, encoder_.encode(frame_), bases);
}

// Takes up what was registered, removed or revived since the last call, into the contents.
void FrameSource::learn() {
  learn_series();
  learn_visibility();
}

void FrameSource::learn_series() {
  // Series first: the families of all of them are then known too.
  registry_.for_each_series(series_.size(), [&](const SeriesCore& series) {
    series_.push_back(&series);
    // Shown, until its flag is read: once, so that it is not removed and revived in one statement,
    // where removals come last.
    hidden_.push_back(0);
    if (series.hidden.load(std::memory_order_relaxed)) {
      visibility_version_ = kUnknownVersion;
    }
    contents_.add_series(series);
    switch (series.family->definition->kind) {
      case MetricKind::kCounter:
        return place_.push_back(counters_.add(series));
      case MetricKind::kDoubleCounter:
        return place_.push_back(doubles_.add(series));
      case MetricKind::kExternalCounter:
        return place_.push_back(externals_.add(series));
      case MetricKind::kExternalDoubleCounter:
        return place_.push_back(external_doubles_.add(series));
      case MetricKind::kGauge:
        return place_.push_back(gauges_.add(series));
      case MetricKind::kHistogram:
        return place_.push_back(histograms_.add(series));
    }
  });
  registry_.for_each_family(families_.size(), [&](const FamilyDefinition& family) {
    families_.push_back(&family);
    contents_.families.push_back(&family);
  });
}

void FrameSource::learn_visibility() {
  // Before the flags are read: what changes meanwhile is learned the next time.
  const std::uint64_t visibility = registry_.visibility_version();
  if (visibility == visibility_version_) {
    return;
  }
  visibility_version_ = visibility;
  for (std::uint32_t id = 0; id < series_.size(); ++id) {
    const bool hidden = series_[id]->hidden.load(std::memory_order_relaxed);
    if (hidden == (hidden_[id] != 0)) {
      continue;
    }
    hidden_[id] = hidden ? 1 : 0;
    if (hidden) {
      contents_.removals.push_back(id);
    } else {
      contents_.add_series(*series_[id]);  // its definition is what revives it
      forget(id);
    }
  }
}

void FrameSource::forget(std::uint32_t id) {
  switch (series_[id]->family->definition->kind) {
    case MetricKind::kCounter:
      return counters_.forget(place_[id]);
    case MetricKind::kDoubleCounter:
      return doubles_.forget(place_[id]);
    case MetricKind::kExternalCounter:
      return externals_.forget(place_[id]);
    case MetricKind::kExternalDoubleCounter:
      return external_doubles_.forget(place_[id]);
    case MetricKind::kGauge:
      return gauges_.forget(place_[id]);
    case MetricKind::kHistogram:
      return histograms_.forget(place_[id]);
  }
}

bool FrameSource::take(Taking taking) {
  bool moved = counters_.take(taking, contents_);
  externals_.take(taking, hidden_, contents_);
  moved |= doubles_.take(taking, contents_);
  external_doubles_.take(taking, hidden_, contents_.double_ids, contents_.double_totals);
  gauges_.take(taking, hidden_, contents_.gauge_ids, contents_.gauge_values);
  moved |= histograms_.take(taking, contents_);
  return moved;
}

void FrameSource::begin(wire::Kind kind, std::int64_t now_unix_ms) {
  frame_.kind = kind;
  frame_.instance = instance_;
  frame_.sent_unix_ms = now_unix_ms;
  frame_.part = 0;
  frame_.parts = 1;
  frame_.has_identity = false;
  frame_.increments = counters_.increments_stated() + histograms_.increments_stated();
}

void FrameSource::identify() {
  wire::IdentityView& view = frame_.identity;
  view.node = identity_.node;
  view.service = identity_.service;
  view.pid = identity_.pid;
  view.pid_namespace = identity_.pid_namespace;
  view.started_unix_ms = identity_.started_unix_ms;
  view.client_version = WEIR_VERSION;
  view.client_language = "c++";
  view.flush_interval_ms = identity_.flush_interval_ms;
  view.heartbeat_interval_ms = identity_.heartbeat_interval_ms;
  view.service_label = identity_.service_label;
  view.cells_file = !registry_.cells().file.empty();
  view.constant_labels.clear();
  for (const auto& [name, value] : registry_.constant_labels()) {
    view.constant_labels.push_back({name, value});
  }
  frame_.has_identity = true;
}

void FrameSource::emit(FrameSink& sink) {
  frame_.seq = ++seq_;
  sink.frame(frame_, encoder_.encode(frame_));
}

}  // namespace weir
