// Ingest, scrapes, the sweep and the API side by side: what each sees is whole. ThreadSanitizer
// looks on.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "sidecar/nats/ingest_queue.h"
#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

std::uint64_t sample(const std::string& body, const std::string& name) {
  const std::size_t at = body.find("\n" + name + " ");
  return at == std::string::npos ? 0
                                 : std::strtoull(body.c_str() + at + name.size() + 2, nullptr, 10);
}

TEST(Concurrency, ScrapesSeeWholeMomentsWhileIngestGoesOn) {
  RecordingControl control;
  std::atomic<std::int64_t> now{1'700'000'000'000};
  EngineOptions options;
  options.zero_first = false;
  options.series_ttl_ms = 50;  // so that the sweep has work
  options.life.late_frames_ms = 50;
  options.life.heartbeats_missed_max = 1'000'000;  // the clock runs faster than the frames
  Engine engine(
      options, control, [&] { return now.load(); }, [](auto, auto, auto) { return true; }, 1);
  engine.set_link({.connected = true});

  constexpr int kRounds = 400;
  std::atomic<bool> done{false};
  std::thread ingest([&] {
    CoreFixture frames;  // makes frames only
    const std::vector<double> bounds{1};
    FramePublisher steady(frames, "steady", 1);
    const auto left = steady.counter("left_total");
    const auto right = steady.counter("right_total");
    const auto wait = steady.series(
        steady.family({.name = "wait", .type = wire::Type::kHistogram, .bounds = bounds}));
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
      steady.set(left, round).set(right, round).set_histogram(wait, {round, round}, 1);
      const auto kind = round % 50 == 1 ? wire::Kind::kKeyframe : wire::Kind::kDelta;
      engine.receive(steady.subject(), "", steady.make(kind));
      FramePublisher brief(frames, "brief", 2);
      const auto family =
          brief.family({.name = "brief", .type = wire::Type::kGauge, .label_names = {"n"}});
      brief.set_gauge(brief.series(family, {std::to_string(round)}), 1);
      engine.receive(brief.subject(), "", brief.make(wire::Kind::kKeyframe));
      engine.receive(brief.subject(), "", brief.make(wire::Kind::kGoodbye));
      now += 10;
    }
    done = true;
  });
  std::thread tick([&] {
    while (!done) {
      now += 5'001;  // past the sweep's interval every other time
      engine.tick();
      std::this_thread::yield();
    }
  });
  std::uint64_t before = 0;
  std::size_t scrapes = 0;
  while (!done) {
    const std::string body = engine.metrics(Format::kPrometheusText, {});
    const std::uint64_t left = sample(body, "left_total{service_name=\"steady\"}");
    EXPECT_EQ(left, sample(body, "right_total{service_name=\"steady\"}"));
    EXPECT_EQ(sample(body, "wait_bucket{service_name=\"steady\",le=\"+Inf\"}"),
              sample(body, "wait_count{service_name=\"steady\"}"));
    EXPECT_GE(left, before);
    before = left;
    (void)engine.publishers();
    (void)engine.services();
    (void)engine.status();
    ++scrapes;
  }
  ingest.join();
  tick.join();
  EXPECT_GT(scrapes, 0u);
  EXPECT_EQ(
      sample(engine.metrics(Format::kPrometheusText, {}), "left_total{service_name=\"steady\"}"),
      std::uint64_t{kRounds});
}

class TextMessage final : public Message {
 public:
  explicit TextMessage(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::string_view subject() const override { return "s"; }
  [[nodiscard]] std::string_view reply() const override { return ""; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const override {
    return {reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()};
  }

 private:
  std::string text_;
};

TEST(IngestQueue, ShedsWhatDoesNotFitAndCountsIt) {
  IngestQueue queue(1000);  // each message counts a little more than its bytes
  EXPECT_TRUE(queue.push(std::make_unique<TextMessage>(std::string(500, 'a'))));
  EXPECT_FALSE(queue.push(std::make_unique<TextMessage>(std::string(500, 'b'))));
  EXPECT_EQ(queue.shed(), 1u);
  EXPECT_EQ(queue.take(0).size(), 1u);
  EXPECT_TRUE(queue.push(std::make_unique<TextMessage>("abc")));
  queue.close();
  EXPECT_FALSE(queue.push(std::make_unique<TextMessage>("d")));
  EXPECT_EQ(queue.take(0).size(), 1u) << "what was queued is still there";
  EXPECT_TRUE(queue.take(1000).empty()) << "and then nobody waits";
}

}  // namespace
}  // namespace weir::sidecar
