// Counters of neighbouring ids are merged many at a time: whatever a frame states, and in whatever
// order series were announced, it must come to the same as one by one.
#include <gtest/gtest.h>

#include <random>

#include "sidecar/publishers/unwritten.h"
#include "tests/unit/sidecar/core_fixture.h"

namespace weir::sidecar {
namespace {

constexpr std::uint32_t kSeries = 150;

// What one counter may do to what others have counted.
struct Model {
  std::vector<std::uint64_t> counters = std::vector<std::uint64_t>(kSeries);
  std::uint64_t regressed = 0, mismatched = 0;

  void state(std::uint64_t& applied, std::uint32_t series, std::uint64_t total) {
    if (total < applied) {
      ++regressed;
    } else if (counters[series] > UINT64_MAX - (total - applied)) {
      ++mismatched;
    } else {
      counters[series] += total - applied;
      applied = total;
    }
  }
};

struct MergeRunsTest : testing::Test, CoreFixture {
  MergeRunsTest() { options.zero_first = false; }

  // A publisher, and which series of the page each of its local ids is.
  struct Publisher {
    FramePublisher frames;
    std::vector<std::uint32_t> series;
    std::vector<std::uint64_t> applied;

    Publisher(CoreFixture& core, std::uint32_t pid, std::vector<std::uint32_t> order)
        : frames(core, "shop", pid), series(std::move(order)), applied(kSeries) {
      const auto family = frames.family({.name = "sold_total", .label_names = {"item"}});
      for (const std::uint32_t of : series) {
        frames.series(family, {std::to_string(of)});
      }
      frames.keyframe();
    }
  };

  static std::vector<std::uint32_t> in_order() {
    std::vector<std::uint32_t> order(kSeries);
    for (std::uint32_t i = 0; i < kSeries; ++i) {
      order[i] = i;
    }
    return order;
  }

  void state(Publisher& publisher, std::uint32_t id, std::uint64_t total) {
    publisher.frames.set(id, total);
    model.state(publisher.applied[id], publisher.series[id], total);
  }

  void expect_as_modelled() {
    const std::string page = "\n" + text();
    const auto expect = [&](const std::string& sample, std::uint64_t wanted) {
      EXPECT_NE(page.find("\n" + sample + " " + std::to_string(wanted) + "\n"), std::string::npos)
          << sample << " is not " << wanted;
    };
    for (std::uint32_t i = 0; i < kSeries; ++i) {
      expect("sold_total{item=\"" + std::to_string(i) + "\",service_name=\"shop\"}",
             model.counters[i]);
    }
    expect("weir_sidecar_samples_refused_total{reason=\"regressed\"}", model.regressed);
    expect("weir_sidecar_samples_refused_total{reason=\"mismatched\"}", model.mismatched);
  }

  Model model;
};

TEST_F(MergeRunsTest, AnyFrameComesToTheSameAsSampleBySample) {
  std::mt19937_64 random(7);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  std::vector<std::uint32_t> mixed = in_order();
  std::shuffle(mixed.begin() + 40, mixed.begin() + 90, random);
  std::vector<Publisher> publishers;
  publishers.reserve(3);
  publishers.emplace_back(*this, 1, in_order());
  publishers.emplace_back(*this, 2, mixed);
  publishers.emplace_back(*this, 3, in_order());
  for (int round = 0; round < 300; ++round) {
    Publisher& publisher = publishers[below(publishers.size())];
    const std::uint64_t named_of_16 = below(17);  // all ids, few of them, or some
    for (std::uint32_t id = 0; id < kSeries; ++id) {
      if (below(16) >= named_of_16) {
        continue;
      }
      const std::uint64_t before = publisher.applied[id];
      switch (below(400)) {
        case 0:
          state(publisher, id, before - std::min<std::uint64_t>(before, 1 + below(3)));
          break;
        case 1:
          state(publisher, id, UINT64_MAX - below(3));
          break;
        case 2:
          state(publisher, id, std::max(before, (std::uint64_t{1} << 63) - 2 + below(5)));
          break;
        default:
          state(publisher, id, before + std::min(UINT64_MAX - before, below(4)));
      }
    }
    publisher.frames.delta();
    publisher.frames.unset_counters();
    if (round % 30 == 29) {
      expect_as_modelled();
    }
  }
  EXPECT_GT(model.regressed, 50u);
  EXPECT_GT(model.mismatched, 50u);
}

TEST_F(MergeRunsTest, ARunEndsWhereTheTableOfItsPublisherEnds) {
  Publisher shop(*this, 1, in_order());
  for (std::uint32_t id = kSeries - 4; id < kSeries; ++id) {
    state(shop, id, 1);
  }
  for (std::uint32_t id = kSeries; id < kSeries + 8; ++id) {
    shop.frames.set(id, 1);  // never announced
  }
  shop.frames.delta();
  expect_as_modelled();
  EXPECT_EQ(control.count(wire::Kind::kKeyframeWanted), 1u);
}

TEST_F(MergeRunsTest, RefusedGaugesAndRemovedSeriesAmongCountersKeepTheirWays) {
  FramePublisher shop(*this, "shop", 1);
  const auto sold = shop.family({.name = "sold_total", .label_names = {"item"}});
  const auto queue =
      shop.family({.name = "queue_external_total", .origin = wire::Origin::kExternal});
  for (std::uint32_t i = 0; i < 12; ++i) {
    shop.series(sold, {std::to_string(i)});
  }
  const std::uint32_t length = shop.series(queue);
  for (std::uint32_t i = 12; i < 24; ++i) {
    shop.series(sold, {std::to_string(i)});
  }
  shop.keyframe();
  shop.remove(5).delta();
  for (std::uint32_t id = 0; id <= 24; ++id) {
    shop.set(id, id == length ? 99 : 2);
  }
  shop.delta();
  EXPECT_EQ(value("sold_total{item=\"4\",service_name=\"shop\"}"), "2");
  EXPECT_EQ(value("sold_total{item=\"5\",service_name=\"shop\"}"), "absent");
  EXPECT_EQ(value("sold_total{item=\"23\",service_name=\"shop\"}"), "2");
  EXPECT_EQ(value("queue_external_total{service_name=\"shop\"}"), "99");
}

TEST(UnwrittenTest, ARunOfIdsIsMarkedAlsoWhereItLeavesAWord) {
  for (std::uint32_t first = 0; first < 130; ++first) {
    for (const std::uint32_t count : {1u, 8u, 32u, 63u}) {
      Unwritten unwritten;
      unwritten.grow(200);
      {
        Unwritten::Marking marking(unwritten);
        marking.moved(first, count);
      }
      std::vector<std::uint32_t> moved, wanted;
      unwritten.take_moved(
          0, [&](std::uint32_t id) { moved.push_back(id); }, [] { return false; });
      for (std::uint32_t id = first; id < first + count; ++id) {
        wanted.push_back(id);
      }
      EXPECT_EQ(moved, wanted);
    }
  }
}

}  // namespace
}  // namespace weir::sidecar
