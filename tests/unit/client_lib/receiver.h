// What a receiver of frames knows: a small, literal reading of the protocol, against which the
// publisher's side is tested. Single-threaded: only the test calls this.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "schemas/codec.h"

namespace weir {

class Receiver {
 public:
  struct Histogram {
    std::map<std::uint16_t, std::uint64_t> buckets;
    double sum = 0;
  };
  struct Seen {  // one frame, in short
    wire::Kind kind;
    std::uint64_t seq;
    std::uint16_t part, parts;
    std::size_t bytes;
    std::size_t samples;
    wire::InstanceId instance;
    bool answer_wanted = false;
    std::uint64_t increments = 0;
  };

  void receive(std::span<const std::uint8_t> bytes, bool answer_wanted = false) {
    const wire::Refusal refusal = decoder_.decode(bytes);
    ASSERT_FALSE(refusal) << refusal.detail;
    const wire::Frame& frame = decoder_.frame();
    seen.push_back({frame.kind, frame.seq, frame.part, frame.parts, bytes.size(),
                    frame.counter_ids.size() + frame.double_ids.size() + frame.gauge_ids.size() +
                        frame.histogram_ids.size(),
                    frame.instance, answer_wanted, frame.increments});
    if (frame.has_identity) {
      node = frame.identity.node;
      service = frame.identity.service;
    }
    define(frame);
    state(frame);
  }

  // By "name{value,value}"; series that are hidden are not there.
  [[nodiscard]] std::map<std::string, double> visible() const {
    std::map<std::string, double> out;
    for (const auto& [id, name] : names) {
      if (!hidden.contains(id) && values.contains(id)) {
        out[name] = values.at(id);
      }
    }
    return out;
  }
  [[nodiscard]] Histogram histogram(const std::string& name) const {
    for (const auto& [id, known] : names) {
      if (known == name) {
        return histograms.at(id);
      }
    }
    return {};
  }

  std::vector<Seen> seen;
  std::string node, service;
  std::map<std::uint32_t, std::string> families;
  std::map<std::uint32_t, std::size_t> label_counts;
  std::map<std::uint32_t, std::string> names;
  std::set<std::uint32_t> hidden;
  std::map<std::uint32_t, double> values;
  std::map<std::uint32_t, Histogram> histograms;

 private:
  void define(const wire::Frame& frame) {
    for (const wire::FamilyView& family : frame.families) {
      families[family.id] = family.name;
      label_counts[family.id] = family.label_names.size();
    }
    std::size_t value = 0;
    for (std::size_t i = 0; i < frame.series_ids.size(); ++i) {
      const std::uint32_t family = frame.series_families[i];
      ASSERT_TRUE(families.contains(family)) << "a series of an unknown family";
      std::string name = families[family] + "{";
      for (std::size_t label = 0; label < label_counts[family]; ++label) {
        ASSERT_LT(value, frame.series_label_values.size());
        name += (label > 0 ? "," : "") + std::string(frame.series_label_values[value++]);
      }
      names[frame.series_ids[i]] = name + "}";
      hidden.erase(frame.series_ids[i]);
    }
    ASSERT_EQ(value, frame.series_label_values.size());
    for (const std::uint32_t id : frame.removals) {
      hidden.insert(id);
    }
  }

  void state(const wire::Frame& frame) {
    const auto set = [&](std::uint32_t id, double value) {
      ASSERT_TRUE(names.contains(id)) << "a sample of an unknown series";
      values[id] = value;
    };
    for (std::size_t i = 0; i < frame.counter_ids.size(); ++i) {
      set(frame.counter_ids[i], static_cast<double>(frame.counter_totals[i]));
    }
    for (std::size_t i = 0; i < frame.double_ids.size(); ++i) {
      set(frame.double_ids[i], frame.double_totals[i]);
    }
    for (std::size_t i = 0; i < frame.gauge_ids.size(); ++i) {
      set(frame.gauge_ids[i], frame.gauge_values[i]);
    }
    std::size_t bucket = 0;
    for (std::size_t i = 0; i < frame.histogram_ids.size(); ++i) {
      ASSERT_TRUE(names.contains(frame.histogram_ids[i])) << "a sample of an unknown histogram";
      Histogram& histogram = histograms[frame.histogram_ids[i]];
      histogram.sum = frame.histogram_sums[i];
      for (std::size_t n = 0; n < frame.histogram_changed[i]; ++n, ++bucket) {
        histogram.buckets[frame.bucket_indexes[bucket]] = frame.bucket_totals[bucket];
      }
    }
  }

  wire::Decoder decoder_;
};

}  // namespace weir
