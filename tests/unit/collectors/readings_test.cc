#include "collectors/readings.h"

#include <gtest/gtest.h>

#include "support.h"

namespace weir::collectors::testing {
namespace {

class ReadingsTest : public ::testing::Test {
 protected:
  FamilyOptions options(std::string name) {
    FamilyOptions options;
    options.name = std::move(name);
    options.help = "Help.";
    options.labels = {"a", "b"};
    return options;
  }
  Registry registry_;
  ReadingsSet set_;
  GaugeReadings gauge_ = set_.add(*registry_.gauge_family(options("g")));
};

TEST_F(ReadingsTest, ReachTheRegistryOnlyByCommit) {
  set_.begin();
  gauge_.with("1", "2").set(54);
  EXPECT_EQ(series(registry_, "g"), "");
  set_.commit();
  EXPECT_EQ(series(registry_, "g"), "g{a=\"1\",b=\"2\"} 54\n");
}

TEST_F(ReadingsTest, SeriesNotTouchedInAnUpdateAreRemovedWhenItEnds) {
  set_.begin();
  gauge_.with("1", "x").set(1);
  gauge_.with("2", "x").set(2);
  gauge_.with("3", "x").set(3);
  set_.commit();
  set_.begin();
  gauge_.with("1", "x").set(10);
  gauge_.with("3", "x").set(30);
  set_.commit();
  EXPECT_EQ(series(registry_, "g"), "g{a=\"1\",b=\"x\"} 10\ng{a=\"3\",b=\"x\"} 30\n");
}

TEST_F(ReadingsTest, AVanishedSeriesComesBackWithItsNewValue) {
  for (const bool there : {true, false, true}) {
    set_.begin();
    if (there) {
      gauge_.with("1", "x").set(7);
    }
    set_.commit();
    EXPECT_EQ(series(registry_, "g"), there ? "g{a=\"1\",b=\"x\"} 7\n" : "");
  }
}

TEST_F(ReadingsTest, ASeriesThatWasNamedButNotSetIsNotTouched) {
  set_.begin();
  (void)gauge_.with("1", "x");
  set_.commit();
  EXPECT_EQ(series(registry_, "g"), "");
}

TEST_F(ReadingsTest, AnyOrderOfTouchingFindsTheSameSeries) {
  const std::vector<std::vector<std::string>> orders = {
      {"1", "2", "3"}, {"3", "1", "2"}, {"2", "4", "1", "3"}, {"4", "3", "2", "1"}};
  double value = 0;
  for (const auto& order : orders) {
    set_.begin();
    for (const std::string& name : order) {
      gauge_.with(name, "x").set(++value);
    }
    set_.commit();
    EXPECT_EQ(registry_.stats().series, order.size() == 3 ? 3u : 4u);
  }
  EXPECT_NE(series(registry_, "g").find("g{a=\"4\",b=\"x\"} 11\n"), std::string::npos);
}

TEST_F(ReadingsTest, LabelValuesThatJoinToTheSameTextStayApart) {
  set_.begin();
  gauge_.with("ab", "c").set(1);
  gauge_.with("a", "bc").set(2);
  set_.commit();
  EXPECT_EQ(series(registry_, "g"), "g{a=\"ab\",b=\"c\"} 1\ng{a=\"a\",b=\"bc\"} 2\n");
}

TEST_F(ReadingsTest, WithdrawnReadingsComeBackWithTheNextCommit) {
  set_.begin();
  gauge_.with("1", "x").set(1);
  set_.commit();
  set_.withdraw();
  EXPECT_EQ(series(registry_, "g"), "");
  set_.begin();
  gauge_.with("1", "x").set(2);
  set_.commit();
  EXPECT_EQ(series(registry_, "g"), "g{a=\"1\",b=\"x\"} 2\n");
}

TEST_F(ReadingsTest, AFailedUpdateLeavesNothingBehind) {
  set_.begin();
  gauge_.with("1", "x").set(1);
  set_.commit();
  set_.begin();
  gauge_.with("2", "x").set(2);
  set_.fail();
  EXPECT_EQ(series(registry_, "g"), "");
  set_.begin();
  gauge_.with("3", "x").set(3);
  set_.commit();
  EXPECT_EQ(series(registry_, "g"), "g{a=\"3\",b=\"x\"} 3\n");
}

TEST_F(ReadingsTest, ExternalCountersMayGoDown) {
  FamilyOptions counter = options("c_total");
  counter.labels = {};
  CounterReadings readings = set_.add(*registry_.external_counter_family(counter));
  for (const std::uint64_t total : {18446744073709551614u, std::uint64_t{5}}) {
    set_.begin();
    readings.set(total);
    set_.commit();
    EXPECT_EQ(series(registry_, "c_total"), "c_total " + std::to_string(total) + "\n");
  }
}

TEST(DetachedReadings, GoNowhere) {
  GaugeReadings nowhere;
  nowhere.with("1").set(1);
  nowhere.set(2);
}

}  // namespace
}  // namespace weir::collectors::testing
