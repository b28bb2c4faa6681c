// Durations, sizes, addresses, and the nearest name.
#include "sidecar/config/values.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "sidecar/config/listen_address.h"
#include "sidecar/config/nearest.h"

namespace weir::sidecar {
namespace {

using std::chrono::milliseconds;

TEST(ValuesTest, DurationsAreReadAndShown) {
  const std::vector<std::pair<const char*, std::int64_t>> cases{{"0", 0},
                                                                {"0s", 0},
                                                                {"10ms", 10},
                                                                {"5s", 5'000},
                                                                {"1h", 3'600'000},
                                                                {"1h30m", 5'400'000},
                                                                {"30d", 2'592'000'000}};
  for (const auto& [text, expected] : cases) {
    milliseconds value{-1};
    EXPECT_EQ(parse_duration(text, value), "") << text;
    EXPECT_EQ(value.count(), expected) << text;
    milliseconds again{-1};
    EXPECT_EQ(parse_duration(show_duration(value), again), "");
    EXPECT_EQ(again, value);
  }
}

TEST(ValuesTest, BadDurationsLeaveTheValueAlone) {
  for (const char* text : {"", "5", "s", "5 s", "-5s", "5sec", "1.5s", "999999999999999999999s",
                           "999999999999999999d", "5s5", "5s "}) {
    milliseconds value{7};
    EXPECT_NE(parse_duration(text, value), "") << text;
    EXPECT_EQ(value.count(), 7) << text;
  }
}

TEST(ValuesTest, SizesAreReadAndShown) {
  const std::vector<std::pair<const char*, std::uint64_t>> cases{
      {"0", 0}, {"1000", 1000}, {"64MiB", 64u << 20}, {"8MB", 8'000'000}, {"2GiB", 2ull << 30}};
  for (const auto& [text, expected] : cases) {
    std::uint64_t value = 1;
    EXPECT_EQ(parse_size(text, value), "") << text;
    EXPECT_EQ(value, expected) << text;
    std::uint64_t again = 1;
    EXPECT_EQ(parse_size(show_size(value), again), "");
    EXPECT_EQ(again, value);
  }
  for (const char* text : {"", "MiB", "64 MiB", "64mib", "-1", "99999999999TiB", "1e3"}) {
    std::uint64_t value = 7;
    EXPECT_NE(parse_size(text, value), "") << text;
    EXPECT_EQ(value, 7u) << text;
  }
}

TEST(ValuesTest, AddressesAreReadAndShown) {
  for (const char* text : {":9742", "127.0.0.1:0", "[::1]:65535", "localhost:1", "0.0.0.0:80"}) {
    ListenAddress address;
    EXPECT_EQ(parse_listen_address(text, address), "") << text;
    EXPECT_EQ(address.to_string(), text);
  }
  for (const char* text : {"", "9742", ":", ":x", ":70000", ":-1", "::1:80", "[::1:80", "[]:80",
                           "a b:80", "http://x:80", "a:80 "}) {
    ListenAddress address{"kept", 7};
    EXPECT_NE(parse_listen_address(text, address), "") << text;
    EXPECT_EQ(address, (ListenAddress{"kept", 7}));
  }
}

TEST(NearestTest, DistanceCountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("listen", "lisetn"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearestTest, FarNamesAreNoHelp) {
  const std::vector<std::string> known{"http.listen", "node"};
  EXPECT_EQ(nearest_name("htp.listen", known), "http.listen");
  EXPECT_EQ(nearest_name("ndoe", known), "node");
  EXPECT_EQ(nearest_name("something_else", known), "");
  EXPECT_EQ(nearest_name("", known), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), known), "");
}

}  // namespace
}  // namespace weir::sidecar
