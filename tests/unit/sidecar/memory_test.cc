// What a series costs, to the byte that the allocator hands out. The number is golden: whoever
// makes it larger says why, whoever makes it smaller writes the new one down.
#include <gtest/gtest.h>
#include <malloc.h>

#include <string>

#include "sidecar/registry/registry.h"

namespace weir::sidecar {
namespace {

// Sanitizers bring an allocator of their own, which does not answer.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

std::size_t bytes_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Lines of 117 bytes: a name, four labels, a value of seven digits.
TEST(MemoryOfASeries, IsTheGoldenNumber) {
  constexpr std::uint32_t kSeries = 200'000;
  constexpr std::uint32_t kFamilies = 100;
  constexpr double kGoldenBytes = 88;
  constexpr double kRoom = 0.03;
  const std::size_t before = bytes_in_use();
  Registry registry;
  for (std::uint32_t family = 0; family < kFamilies; ++family) {
    const std::string name = "golden_requests_" + std::to_string(family) + "_total";
    wire::FamilyView definition;
    definition.name = name;
    registry.define_family(definition, 1);
  }
  for (std::uint32_t i = 0; i < kSeries; ++i) {
    const std::string number = std::to_string(100'000 + i / kFamilies);
    const std::string labels = "account=\"acct-" + number +
                               "\",code=\"200\",method=\"GET\",route=\"/v1/a/" + number.substr(3) +
                               "\",service_name=\"golden\"";
    const std::uint32_t series = registry.define_series(i % kFamilies, labels, "golden", 1);
    registry.show(series);
    registry.counters()[registry.counter_of(series)] = 1'000'000 + i;
  }
  const double each = static_cast<double>(bytes_in_use() - before) / kSeries;
  EXPECT_LE(each, kGoldenBytes * (1 + kRoom));
  EXPECT_GE(each, kGoldenBytes * (1 - kRoom)) << "less than before: write it down";
}

#endif

}  // namespace
}  // namespace weir::sidecar
