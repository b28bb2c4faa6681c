// What a page prints, whole and in compressed parts, while the registry changes in every way.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "sidecar/exposition/deflate.h"
#include "sidecar/exposition/gzip_cache.h"
#include "sidecar/exposition/page.h"
#include "tests/unit/sidecar/gunzip.h"

namespace weir::sidecar {
namespace {

using testing_gzip::gunzip;

constexpr std::int64_t kNow = 1'000'000;
constexpr std::int64_t kTtlMs = 1000;

class PageTest : public ::testing::Test {
 protected:
  std::uint32_t family(const std::string& name, wire::Type type = wire::Type::kCounter) {
    wire::FamilyView definition;
    definition.name = name;
    const std::string help = "Help of " + name + ".";
    definition.help = help;
    definition.type = type;
    const std::uint32_t index = registry_.define_family(definition, 1);
    registry_.family(index).publishers = 1;
    return index;
  }
  std::uint32_t counter(std::uint32_t family, const std::string& labels) {
    const std::uint32_t series = registry_.define_series(family, labels, "service", 5);
    registry_.show(series);
    registry_.counter_of(series);
    return series;
  }
  std::uint64_t& value(std::uint32_t series) {
    return registry_.counters()[registry_.series(series).counter];
  }

  Snapshot snapshot(std::int64_t now = kNow) {
    return take_snapshot(registry_, {}, {now, kTtlMs, true});
  }
  std::string text(Format format = Format::kPrometheusText) {
    TextPage page(snapshot(), format, rules_);
    return whole(page);
  }
  std::string compressed(Format format = Format::kPrometheusText) {
    return whole(*cache_.page(snapshot(), format, rules_, true));
  }

  Registry registry_;
  RenderRules rules_;
  GzipCache cache_;
};

TEST_F(PageTest, NeighboursShareTheirTextAndPrintItWhole) {
  const std::uint32_t requests = family("requests_total");
  value(counter(requests, "a=\"1\",b=\"x\"")) = 1;
  value(counter(requests, "a=\"1\",b=\"xy\"")) = 2;
  value(counter(requests, "")) = 3;
  value(counter(requests, "a=\"1\"")) = 18'446'744'073'709'551'615u;
  EXPECT_EQ(text(),
            "# HELP requests_total Help of requests_total.\n# TYPE requests_total counter\n"
            "requests_total{a=\"1\",b=\"x\"} 1\nrequests_total{a=\"1\",b=\"xy\"} 2\n"
            "requests_total 3\nrequests_total{a=\"1\"} 18446744073709551615\n");
}

TEST_F(PageTest, HistogramsWithoutLabelsAndWith) {
  const std::uint32_t took = family("took_seconds", wire::Type::kHistogram);
  const auto layout = make_layout(std::vector<double>{0.5, 2});
  for (const char* labels : {"", "a=\"1\""}) {
    const std::uint32_t series = registry_.define_series(took, labels, "", 5);
    registry_.show(series);
    HistogramValue& value = registry_.histograms()[registry_.histogram_of(series, layout)];
    std::ranges::copy(std::array{1, 2, 4}, value.buckets.begin());
    value.sum.add(7.5);
  }
  EXPECT_EQ(text(),
            "# HELP took_seconds Help of took_seconds.\n# TYPE took_seconds histogram\n"
            "took_seconds_bucket{le=\"0.5\"} 1\ntook_seconds_bucket{le=\"2.0\"} 3\n"
            "took_seconds_bucket{le=\"+Inf\"} 7\ntook_seconds_sum 7.5\ntook_seconds_count 7\n"
            "took_seconds_bucket{a=\"1\",le=\"0.5\"} 1\ntook_seconds_bucket{a=\"1\",le=\"2.0\"} 3\n"
            "took_seconds_bucket{a=\"1\",le=\"+Inf\"} 7\ntook_seconds_sum{a=\"1\"} 7.5\n"
            "took_seconds_count{a=\"1\"} 7\n");
}

TEST_F(PageTest, ALargePageIsRenderedAheadAndSaysTheSame) {
  const std::uint32_t requests = family("requests_total");
  for (int i = 0; i < 60'000; ++i) {
    value(counter(requests, "path=\"/" + std::to_string(i) + "\"")) = static_cast<unsigned>(i);
  }
  const std::unique_ptr<Page> page = text_page(snapshot(), Format::kOpenMetrics, {});
  ASSERT_NE(dynamic_cast<AheadPage*>(page.get()), nullptr);
  EXPECT_EQ(whole(*page), text(Format::kOpenMetrics));
  EXPECT_TRUE(page->next().empty());
  // Left at any moment.
  for (int pieces = 0; pieces < 6; ++pieces) {
    const std::unique_ptr<Page> left = text_page(snapshot(), Format::kOpenMetrics, {});
    for (int i = 0; i < pieces; ++i) {
      EXPECT_FALSE(left->next().empty());
    }
  }
}

// Rows of every sort, so many that two threads walk them, and that two compress them.
TEST_F(PageTest, WhatTwoThreadsDoIsWhatOneWould) {
  constexpr int kFamilies = 20;
  constexpr int kRows = 60'000;
  const Contributor contributor{5, false};
  std::vector<std::uint32_t> families;
  std::vector<std::string> expected(kFamilies);
  for (int i = 0; i < kFamilies; ++i) {
    const std::string name = "f" + std::to_string(100 + i);
    const bool gauge = i % 4 == 3;
    families.push_back(family(name, gauge ? wire::Type::kGauge : wire::Type::kCounter));
    expected[i] = "# HELP " + name + " Help of " + name + ".\n# TYPE " + name +
                  (gauge ? " gauge\n" : " counter\n");
  }
  std::vector<std::uint32_t> counters;
  for (int i = 0; i < kRows; ++i) {
    const int of = i % kFamilies;
    const std::string labels = "path=\"/" + std::to_string(i) + "\"";
    const std::string line = "f" + std::to_string(100 + of) + "{" + labels + "} ";
    const std::uint32_t series = counter(families[of], labels);
    if (of % 4 == 3) {
      Reading& reading = registry_.readings()[registry_.add_reading(series, &contributor)];
      reading.stated = true;
      reading.number = i + 0.5;
      expected[of] += line + std::to_string(i) + ".5\n";
    } else if (i % 7 == 1) {
      registry_.unshow(series, kNow - 2 * kTtlMs, true);
    } else if (i % 11 == 2) {
      registry_.double_counters()[registry_.double_counter_of(series)].add(i + 0.25);
      expected[of] += line + std::to_string(i) + ".25\n";
    } else {
      value(series) = static_cast<unsigned>(i);
      expected[of] += line + std::to_string(i) + "\n";
      counters.push_back(series);
    }
  }
  std::string page;
  for (const std::string& family : expected) {
    page += family;
  }
  ASSERT_TRUE(text() == page);
  EXPECT_TRUE(gunzip(compressed()) == page);
  EXPECT_GT(cache_.counts().compressed, Deflate::kPartsOfOneCode);
  for (const std::uint32_t series : counters) {
    value(series) += 1'000'000;
  }
  EXPECT_TRUE(gunzip(compressed()) == text());
}

TEST_F(PageTest, APageKeepsItsMomentWhileTheRegistryGoesOn) {
  const std::uint32_t requests = family("requests_total");
  const std::uint32_t first = counter(requests, "a=\"1\"");
  value(first) = 1;
  TextPage page(snapshot(), Format::kPrometheusText, {});
  value(first) = 2;
  value(counter(requests, "a=\"2\"")) = 1;
  registry_.unshow(first, kNow, true);
  registry_.expire(kNow + 10 * kTtlMs, kTtlMs, kTtlMs);
  const std::string printed = whole(page);
  EXPECT_NE(printed.find("requests_total{a=\"1\"} 1\n"), std::string::npos) << printed;
  EXPECT_EQ(printed.find("a=\"2\""), std::string::npos) << printed;
}

TEST_F(PageTest, WhatDidNotChangeIsCompressedOnce) {
  const std::uint32_t requests = family("requests_total");
  std::vector<std::uint32_t> series;
  for (int i = 0; i < 1000; ++i) {
    series.push_back(counter(requests, "path=\"/a/rather/long/path/of/a/resource/that/has/number/" +
                                           std::to_string(i) + "/and/more\""));
  }
  EXPECT_EQ(gunzip(compressed()), text());
  const std::uint64_t parts = cache_.counts().compressed;
  EXPECT_GE(parts, 15u);
  EXPECT_EQ(gunzip(compressed()), text());
  EXPECT_EQ(cache_.counts().compressed, parts);
  EXPECT_EQ(cache_.counts().reused, parts);
  value(series[500]) = 7;
  EXPECT_EQ(gunzip(compressed()), text());
  EXPECT_EQ(cache_.counts().compressed, parts + 1);
  // The lines are the same bytes in both formats: only the head of the family and the end differ.
  EXPECT_EQ(gunzip(compressed(Format::kOpenMetrics)), text(Format::kOpenMetrics));
  EXPECT_LE(cache_.counts().compressed, parts + 3);
}

TEST_F(PageTest, FilteredPagesKeepNothing) {
  const std::uint32_t requests = family("requests_total");
  const std::uint32_t series = counter(requests, "a=\"1\"");
  EXPECT_EQ(gunzip(compressed()), text());
  const std::uint64_t kept = cache_.counts().kept;
  EXPECT_GE(kept, 1u);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    value(series) = i;
    EXPECT_EQ(gunzip(whole(*cache_.page(snapshot(), Format::kPrometheusText, rules_, false))),
              text());
    EXPECT_EQ(cache_.counts().kept, kept);
  }
  // Nor does what is no longer on the page stay.
  EXPECT_EQ(gunzip(compressed()), text());
  EXPECT_EQ(cache_.counts().kept, kept);
}

TEST_F(PageTest, EmptyAndIncompressibleBodies) {
  EXPECT_EQ(gunzip(compressed()), "");
  EXPECT_EQ(gunzip(compressed(Format::kOpenMetrics)), "# EOF\n");
  EXPECT_EQ(gunzip(gzip("")), "");
  std::mt19937_64 random(7);
  std::string noise;
  for (int i = 0; i < 300'000; ++i) {
    noise += static_cast<char>(random());
  }
  EXPECT_EQ(gunzip(gzip(noise)), noise);
}

// Against a model that knows no blocks, no parts and no shared text.
TEST_F(PageTest, AnyHistoryPrintsWhatAModelPrints) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Registry registry;
    GzipCache cache;
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    struct Known {
      std::uint32_t series;
      std::uint64_t value;
      bool shown;
    };
    std::map<std::string, std::vector<std::pair<std::string, Known>>> model;  // in order
    std::int64_t now = kNow;
    for (int step = 0; step < 400; ++step) {
      const std::string name = std::string(1, static_cast<char>('a' + below(4))) + "_total";
      auto& rows = model[name];
      const std::uint64_t what = below(10);
      if (what < 5) {
        wire::FamilyView definition;
        definition.name = name;
        const std::uint32_t family = registry.define_family(definition, 1);
        registry.family(family).publishers = 1;
        const std::string labels =
            "l=\"" + std::string(below(600), 'x') + std::to_string(below(200)) + "\"";
        const std::uint32_t series = registry.define_series(family, labels, "", 5);
        const auto same = [&](const auto& row) { return row.first == labels; };
        const auto at = std::find_if(rows.begin(), rows.end(), same);
        ASSERT_EQ(at != rows.end(), registry.series(series).counter != kNone);
        if (at == rows.end()) {
          registry.show(series);
          registry.counter_of(series);
          rows.push_back({labels, {series, 0, true}});
        } else {
          ASSERT_EQ(at->second.series, series);
        }
      } else if (what < 8 && !rows.empty()) {
        Known& known = rows[below(rows.size())].second;
        known.value += random() >> below(64);
        registry.counters()[registry.series(known.series).counter] = known.value;
      } else if (what == 8 && !rows.empty()) {
        Known& known = rows[below(rows.size())].second;
        known.shown ? registry.unshow(known.series, now, true) : registry.show(known.series);
        known.shown = !known.shown;
      } else if (below(10) == 0) {
        now += 10 * kTtlMs;
        registry.expire(now, kTtlMs, kTtlMs);
        for (auto& [of, list] : model) {
          std::erase_if(list, [](const auto& row) { return !row.second.shown; });
        }
      }
      if (below(8) != 0) {
        continue;
      }
      std::string expected;
      for (const auto& [of, list] : model) {
        std::string lines;
        for (const auto& [labels, known] : list) {
          if (known.shown) {
            lines += of + "{" + labels + "} " + std::to_string(known.value) + "\n";
          }
        }
        expected += lines.empty() ? "" : "# TYPE " + of + " counter\n" + lines;
      }
      const Snapshot snapshot = take_snapshot(registry, {}, {now, kTtlMs});
      ASSERT_EQ(gunzip(whole(*cache.page(snapshot, Format::kPrometheusText, {}, true))), expected);
      TextPage page(snapshot, Format::kPrometheusText, {});
      ASSERT_EQ(whole(page), expected);
    }
  }
}

TEST(Slots, GiveTheirMemoryBackAndTakeTheLowestAgain) {
  Slots<std::uint64_t> slots;
  for (std::uint32_t i = 0; i < 3 * Slots<std::uint64_t>::kSegmentSlots; ++i) {
    ASSERT_EQ(slots.take(), i);
    slots[i] = i;
  }
  const std::uint32_t second = Slots<std::uint64_t>::kSegmentSlots;
  for (std::uint32_t i = 0; i < second; ++i) {
    slots.give_back(second + i);
  }
  slots.give_back(17);
  EXPECT_FALSE(slots.holds(second));
  EXPECT_EQ(slots[2 * second], 2 * second);
  EXPECT_EQ(slots.take(), 17u);
  EXPECT_EQ(slots[17], 0u);
  EXPECT_EQ(slots.take(), second);
  std::size_t visited = 0;
  slots.for_each([&](std::uint32_t, std::uint64_t) { ++visited; });
  EXPECT_EQ(visited, slots.used());
  EXPECT_EQ(visited, 2u * second + 1);
}

}  // namespace
}  // namespace weir::sidecar
