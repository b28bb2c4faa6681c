#include "schemas/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

namespace weir::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A keyframe with one series of each kind; tests spoil one thing of it.
struct Sample {
  std::vector<std::uint32_t> series_ids{0, 1, 2, 3};
  std::vector<std::uint32_t> series_families{0, 1, 2, 3};
  std::vector<std::int64_t> started{10, 11, 12, 13};
  std::vector<std::uint32_t> counter_ids{0};
  std::vector<std::uint64_t> counter_totals{18'446'744'073'709'551'615u};
  std::vector<std::uint32_t> double_ids{1};
  std::vector<double> double_totals{0.5};
  std::vector<std::uint32_t> gauge_ids{2};
  std::vector<double> gauge_values{std::numeric_limits<double>::quiet_NaN()};
  std::vector<std::uint32_t> histogram_ids{3};
  std::vector<double> sums{1.25};
  std::vector<std::uint16_t> changed{2};
  std::vector<std::uint16_t> bucket_indexes{0, 2};
  std::vector<std::uint64_t> bucket_totals{4, 5};
  std::vector<double> bounds{0.1, 1};
  std::vector<std::uint32_t> removals{2};
  Frame frame;

  Sample() {
    frame.kind = Kind::kKeyframe;
    frame.instance = {1, 2};
    frame.seq = 7;
    frame.sent_unix_ms = 1'700'000'000'000;
    frame.has_identity = true;
    frame.identity = {.node = "web-1.example.com",
                      .service = "shop",
                      .pid = 42,
                      .started_unix_ms = 5,
                      .client_version = "0.1.0",
                      .client_language = "c++",
                      .flush_interval_ms = 1000,
                      .heartbeat_interval_ms = 5000,
                      .constant_labels = {{"zone", "a"}}};
    frame.families = {
        {.id = 0, .name = "requests_total", .help = "Requests.", .label_names = {"code"}},
        {.id = 1, .name = "cpu_seconds_total", .unit = "seconds", .origin = Origin::kExternal},
        {.id = 2, .name = "queue_length", .type = Type::kGauge, .aggregation = Aggregation::kMax},
        {.id = 3, .name = "wait_seconds", .type = Type::kHistogram, .bounds = bounds}};
    frame.series_label_values = {"200"};
    link();
  }
  void link() {
    frame.series_ids = series_ids;
    frame.series_families = series_families;
    frame.series_started_unix_ms = started;
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
    frame.removals = removals;
    frame.families[3].bounds = bounds;
  }
  std::vector<std::uint8_t> bytes() {
    link();
    const auto encoded = encoder.encode(frame);
    return {encoded.begin(), encoded.end()};
  }
  Refusal decode() { return decoder.decode(held = bytes()); }

  Encoder encoder;
  Decoder decoder;
  std::vector<std::uint8_t> held;
};

TEST(Codec, AFrameComesBackAsItWent) {
  Sample sample;
  const Refusal refusal = sample.decode();
  ASSERT_FALSE(refusal) << refusal.detail;
  const Frame& frame = sample.decoder.frame();
  EXPECT_EQ(frame.kind, Kind::kKeyframe);
  EXPECT_EQ(frame.instance, (InstanceId{1, 2}));
  EXPECT_EQ(frame.seq, 7u);
  EXPECT_EQ(frame.identity.node, "web-1.example.com");
  EXPECT_EQ(frame.identity.constant_labels.at(0).value, "a");
  EXPECT_TRUE(frame.identity.service_label);
  ASSERT_EQ(frame.families.size(), 4u);
  EXPECT_EQ(frame.families[1].origin, Origin::kExternal);
  EXPECT_EQ(frame.families[2].aggregation, Aggregation::kMax);
  EXPECT_THAT(frame.families[3].bounds, ElementsAre(0.1, 1));
  EXPECT_THAT(frame.series_label_values, ElementsAre("200"));
  EXPECT_THAT(frame.counter_totals, ElementsAre(18'446'744'073'709'551'615u));
  EXPECT_THAT(frame.double_totals, ElementsAre(0.5));
  EXPECT_THAT(frame.bucket_indexes, ElementsAre(0, 2));
  EXPECT_THAT(frame.bucket_totals, ElementsAre(4, 5));
  EXPECT_THAT(frame.removals, ElementsAre(2));
}

TEST(Codec, ADecoderForgetsTheFrameBefore) {
  Sample sample;
  ASSERT_FALSE(sample.decode());
  Frame empty;
  empty.instance = {1, 2};
  empty.seq = 8;
  ASSERT_FALSE(sample.decoder.decode(sample.encoder.encode(empty)));
  EXPECT_TRUE(sample.decoder.frame().counter_ids.empty());
  EXPECT_TRUE(sample.decoder.frame().families.empty());
  EXPECT_FALSE(sample.decoder.frame().has_identity);
}

TEST(Codec, AFrameAtAnOddAddressIsReadToo) {
  Sample sample;
  const std::vector<std::uint8_t> bytes = sample.bytes();
  std::vector<std::uint8_t> shifted(bytes.size() + 16);
  for (std::size_t shift = 1; shift < 8; ++shift) {
    std::copy(bytes.begin(), bytes.end(), shifted.begin() + static_cast<std::ptrdiff_t>(shift));
    ASSERT_FALSE(sample.decoder.decode({shifted.data() + shift, bytes.size()}));
    EXPECT_THAT(sample.decoder.frame().bucket_totals, ElementsAre(4, 5));
  }
}

struct Spoiled {
  const char* what;
  void (*spoil)(Sample&);
  Reason reason;
  const char* detail;
};

class SpoiledFrame : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledFrame, IsRefusedWithTheReason) {
  Sample sample;
  GetParam().spoil(sample);
  const Refusal refusal = sample.decode();
  EXPECT_EQ(reason_name(refusal.reason), reason_name(GetParam().reason)) << refusal.detail;
  EXPECT_THAT(refusal.detail, HasSubstr(GetParam().detail));
}

INSTANTIATE_TEST_SUITE_P(
    Codec, SpoiledFrame,
    testing::Values(
        Spoiled{"NoInstance", [](Sample& s) { s.frame.instance = {}; }, Reason::kBadHeader,
                "instance"},
        Spoiled{"PartPastTheEnd", [](Sample& s) { s.frame.part = 1; }, Reason::kBadHeader,
                "part 1"},
        Spoiled{"SeqZero", [](Sample& s) { s.frame.seq = 0; }, Reason::kBadHeader, "seq"},
        Spoiled{"DeltaInParts",
                [](Sample& s) {
                  s.frame.kind = Kind::kDelta;
                  s.frame.parts = 2;
                },
                Reason::kBadHeader, "parts"},
        Spoiled{"KeyframeOfNobody", [](Sample& s) { s.frame.has_identity = false; },
                Reason::kBadIdentity, "without identity"},
        Spoiled{"EmptyService", [](Sample& s) { s.frame.identity.service = ""; },
                Reason::kBadIdentity, "service"},
        Spoiled{"ControlCharacterInNode", [](Sample& s) { s.frame.identity.node = "a\nb"; },
                Reason::kBadIdentity, "control"},
        Spoiled{"ReservedConstantLabel",
                [](Sample& s) {
                  s.frame.identity.constant_labels = {{"service_name", "x"}};
                },
                Reason::kBadLabels, "service_name"},
        Spoiled{"BadMetricName", [](Sample& s) { s.frame.families[0].name = "9x"; },
                Reason::kBadName, "9x"},
        Spoiled{"LabelTwice",
                [](Sample& s) {
                  s.frame.families[0].label_names = {"code", "code"};
                },
                Reason::kBadLabels, "twice"},
        Spoiled{"HelpThatIsNoText", [](Sample& s) { s.frame.families[0].help = "\xff"; },
                Reason::kBadName, "UTF-8"},
        Spoiled{"LabelValueThatIsNoText", [](Sample& s) { s.frame.series_label_values = {"\xc0"}; },
                Reason::kBadLabels, "UTF-8"},
        Spoiled{"BoundsOutOfOrder",
                [](Sample& s) {
                  s.bounds = {1, 1};
                },
                Reason::kBadBounds, "wait_seconds"},
        Spoiled{"BoundsOfAGauge", [](Sample& s) { s.frame.families[2].bounds = s.bounds; },
                Reason::kBadBounds, "queue_length"},
        Spoiled{"IdsWithoutTotals", [](Sample& s) { s.counter_ids.push_back(1); },
                Reason::kBadVectors, "length"},
        Spoiled{"BucketsOfNobody", [](Sample& s) { s.changed = {1}; }, Reason::kBadVectors,
                "buckets"},
        Spoiled{"SeriesWithoutFamily", [](Sample& s) { s.series_families.pop_back(); },
                Reason::kBadVectors, "differ"},
        Spoiled{"IdPastTheLimit", [](Sample& s) { s.gauge_ids = {4'000'000'000u}; },
                Reason::kLimitExceeded, "4000000000"},
        Spoiled{"NaNTotal",
                [](Sample& s) { s.double_totals = {std::numeric_limits<double>::quiet_NaN()}; },
                Reason::kBadValue, "finite"},
        Spoiled{"InfiniteSum",
                [](Sample& s) { s.sums = {std::numeric_limits<double>::infinity()}; },
                Reason::kBadValue, "finite"}),
    [](const auto& test) { return test.param.what; });

TEST(Codec, AnIdPastTheLimitIsFoundWhereverItStands) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      Sample sample;
      sample.counter_ids.assign(size, 0);
      sample.counter_totals.assign(size, 1);
      EXPECT_FALSE(sample.decode());
      sample.counter_ids[at] = 3'000'000'000u;
      EXPECT_THAT(sample.decode().detail, HasSubstr("3000000000")) << at << " of " << size;
    }
  }
}

TEST(Codec, ForeignBytesAreNamedSo) {
  Decoder decoder;
  const std::string json = R"({"metrics": "of somebody else"})";
  const auto* data = reinterpret_cast<const std::uint8_t*>(json.data());
  EXPECT_EQ(decoder.decode({data, json.size()}).reason, Reason::kForeign);
  EXPECT_EQ(decoder.decode({}).reason, Reason::kForeign);
}

TEST(Codec, AFrameOverTheLimitIsRefusedBeforeItIsRead) {
  Sample sample;
  Limits limits;
  limits.frame_bytes_max = 16;
  Decoder decoder(limits);
  EXPECT_EQ(decoder.decode(sample.bytes()).reason, Reason::kTooLarge);
}

// Whatever happens to the bytes: a reason or a valid frame, never a crash (the sanitizer builds
// look closer).
TEST(Codec, MutatedFramesNeverCrash) {
  Sample sample;
  const std::vector<std::uint8_t> good = sample.bytes();
  std::mt19937 random(20'260'101);
  std::size_t refused = 0;
  constexpr int kRounds = 20'000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::uint8_t> bytes = good;
    const std::uint32_t changes = 1 + random() % 4;
    for (std::uint32_t i = 0; i < changes; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 8 == 0) {
      bytes.resize(random() % bytes.size());
    }
    refused += sample.decoder.decode(bytes) ? 1 : 0;
  }
  EXPECT_GT(refused, kRounds / 10);
}

TEST(Schema, StaysReadableForPublishersOfVersion1) {
  const std::string schemas = std::string(WEIR_SOURCE_DIR) + "/schemas/";
  const std::string command = std::string("'") + WEIR_FLATC + "' --conform '" + schemas +
                              "weir.v1.fbs' '" + schemas + "weir.fbs'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

// Moves each vector of one 64-bit number 4 bytes to the front, its length with it: the verifier of
// FlatBuffers lets that pass.
TEST(CodecTest, NumbersAtOddAddressesAreRefused) {
  Sample sample;
  Encoder encoder;
  const auto encoded = encoder.encode(sample.frame);
  std::vector<std::uint64_t> storage(encoded.size() / 8 + 1);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(storage.data());
  const auto word_at = [&](std::size_t position) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes + position, sizeof word);
    return word;
  };
  const auto put_word = [&](std::size_t position, std::uint32_t word) {
    std::memcpy(bytes + position, &word, sizeof word);
  };
  int refused = 0;
  for (std::size_t at = 0; at + 8 <= encoded.size(); at += 4) {
    std::memcpy(bytes, encoded.data(), encoded.size());
    const std::size_t vector = at + word_at(at);
    if (word_at(at) < 8 || vector + 12 > encoded.size() || vector % 8 != 4 ||
        word_at(vector) != 1) {
      continue;
    }
    put_word(at, word_at(at) - 4);
    put_word(vector - 4, 1);
    Decoder decoder;
    const Refusal refusal = decoder.decode({bytes, encoded.size()});
    if (refusal) {
      refused += refusal.detail.find("odd address") != std::string::npos ? 1 : 0;
      continue;
    }
    const Frame& frame = decoder.frame();
    for (const void* numbers : {static_cast<const void*>(frame.counter_totals.data()),
                                static_cast<const void*>(frame.double_totals.data()),
                                static_cast<const void*>(frame.gauge_values.data()),
                                static_cast<const void*>(frame.histogram_sums.data()),
                                static_cast<const void*>(frame.bucket_totals.data())}) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers) % 8, 0u) << "offset at " << at;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace weir::wire
