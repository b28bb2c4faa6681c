// The index of instances against a map, through growth and removals of many that share their place.
#include "sidecar/publishers/instance_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "sidecar/publishers/instance.h"

namespace weir::sidecar {
namespace {

TEST(InstanceIndex, FindsWhatAMapFinds) {
  std::mt19937 random{1};
  std::map<std::pair<std::uint64_t, std::uint64_t>, Instance*> expected;
  InstanceIndex index;
  std::vector<Instance> instances(500);
  EXPECT_EQ(index.find({1, 2}), nullptr);
  index.prefetch({1, 2});
  for (int step = 0; step < 100'000; ++step) {
    // Few homes: runs of entries that lie behind each other, also around the end.
    const wire::InstanceId id{random() % 4 == 0 ? ~std::uint64_t{0} - random() % 8 : random() % 300,
                              0};
    const auto at = expected.find({id.high, id.low});
    EXPECT_EQ(index.find(id), at == expected.end() ? nullptr : at->second);
    if (at != expected.end()) {
      index.erase(id);
      expected.erase(at);
    } else {
      Instance* const instance = &instances[random() % instances.size()];
      index.insert(id, instance);
      expected[{id.high, id.low}] = instance;
    }
    ASSERT_EQ(index.size(), expected.size());
  }
  for (const auto& [id, instance] : expected) {
    EXPECT_EQ(index.find({id.first, id.second}), instance);
  }
}

}  // namespace
}  // namespace weir::sidecar
