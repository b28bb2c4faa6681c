// A publisher made of nothing but its totals: writes the frames that a client would, as fast as
// they can be encoded. What it stated is known, so that a page can be compared with it.
// Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/support/catalog.h"
#include "schemas/codec.h"

namespace weir::bench {

struct Load {
  std::uint32_t publishers = 1;
  std::uint32_t series_each = 1000;
  bool shared = false;  // all publishers state the same series, each in an order of its own
  std::uint32_t histogram_percent = 0;
  std::uint32_t frame_samples = 1000;
  std::string node = "test-node";
  std::uint32_t flush_interval_ms = 1000;
  std::uint32_t heartbeat_interval_ms = 3'600'000;  // a pause is no death

  [[nodiscard]] std::uint32_t frames_each() const {
    return (series_each + frame_samples - 1) / frame_samples;
  }
};

enum class Which : std::uint8_t { kAll, kSpread, kOnePlace };

class SimulatedPublisher {
 public:
  using Send = std::function<void(std::span<const std::uint8_t>)>;

  // REQUIRES: `load` lives longer.
  SimulatedPublisher(const Load& load, std::uint32_t number);
  ~SimulatedPublisher();
  SimulatedPublisher(SimulatedPublisher&&) noexcept;

  [[nodiscard]] const std::string& subject() const { return subject_; }

  // A keyframe with the families, then the series with their first totals, some in each frame.
  void define(const Send& send);
  // One frame of a round: each series of the chunk counts on. The bytes are the encoder's.
  [[nodiscard]] std::span<const std::uint8_t> next(std::uint32_t chunk, wire::Encoder& encoder);
  // One series in a hundred counts on.
  void change_some(Which which, wire::Encoder& encoder, const Send& send);
  // Everything once more, and that it was the last.
  void say_goodbye(wire::Encoder& encoder, const Send& send);

  // Increments and observations since its begin: what /metrics shows of it.
  [[nodiscard]] std::uint64_t stated() const { return stated_; }
  [[nodiscard]] std::uint32_t samples_of(std::uint32_t chunk) const;
  [[nodiscard]] std::uint64_t lines_on_page() const;

 private:
  struct Histogram {
    std::array<std::uint64_t, Catalog::kBuckets> buckets{};
    double sum = 0;
  };
  struct Vectors;

  [[nodiscard]] std::uint32_t series_of(std::uint32_t local) const;
  [[nodiscard]] std::uint64_t count_on(std::uint32_t local);
  void append(std::uint32_t local, bool whole, Vectors& vectors) const;
  [[nodiscard]] wire::Frame header(wire::Kind kind);
  void fill_identity(wire::Frame& frame) const;

  const Load& load_;
  const Catalog catalog_;
  const std::uint32_t number_;
  const wire::InstanceId instance_;
  const std::string subject_;
  const std::int64_t started_unix_ms_;
  std::vector<std::uint32_t> locals_;        // 0, 1, 2, ...: ids of a whole chunk without gathering
  std::vector<std::uint64_t> totals_;        // of counters, by local id
  std::vector<std::uint64_t> steps_;         // the same
  std::vector<std::uint32_t> histogram_at_;  // by local id, where there are any
  std::vector<Histogram> histograms_;
  std::unique_ptr<Vectors> vectors_;
  std::uint64_t seq_ = 0;
  std::uint64_t stated_ = 0;
};

}  // namespace weir::bench
