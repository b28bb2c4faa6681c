// How large a record will be is known before it is made.
#include "sidecar/state/statement_writer.h"

#include <gtest/gtest.h>

namespace weir::sidecar {
namespace {

Instance instance_of(std::uint32_t counters, std::uint32_t histograms, std::uint32_t buckets) {
  Instance instance;
  instance.id = wire::InstanceId::random();
  instance.subject = "weir.v1.pub.node-1.shop." + instance.id.to_string();
  instance.node = "node-1";
  instance.service = "shop";
  const std::uint32_t ids = counters + histograms;
  for (std::uint32_t id = 0; id < counters; ++id) {
    instance.targets.emplace_back(TargetKind::kCounter, id);
  }
  for (std::uint32_t i = 0; i < histograms; ++i) {
    instance.targets.emplace_back(TargetKind::kHistogram, i);
    instance.histograms.push_back(
        {.value = i, .bounds = 0, .applied = i * buckets, .buckets = buckets, .applied_sum = 1});
  }
  instance.applied.assign(ids, 7);
  instance.applied_buckets.assign(std::size_t{histograms} * buckets, 7);
  instance.unwritten.grow(ids);
  return instance;
}

void expect_as_foreseen(Instance instance) {
  const Registry registry;
  StatementWriter writer(registry, 64u << 10);
  const std::size_t foreseen = StatementWriter::moved_bytes(instance);
  Bytes out;
  writer.moved_totals(instance, out);
  EXPECT_LE(out.size(), foreseen);
  EXPECT_GT(out.size() + 1024, foreseen * 9 / 10);
}

TEST(StatementWriterTest, ItsSizeIsForeseenAndNoLess) {
  for (const auto& [counters, histograms] :
       {std::pair{0u, 0u}, {1u, 0u}, {20u, 0u}, {100'000u, 0u}, {0u, 3000u}, {9000u, 1000u}}) {
    Instance all = instance_of(counters, histograms, 12);
    for (std::uint32_t id = 0; id < counters + histograms; ++id) {
      all.unwritten.moved(id);
    }
    expect_as_foreseen(std::move(all));
    expect_as_foreseen(instance_of(counters, histograms, 12));  // nothing moved
  }
  Instance some = instance_of(10'000, 0, 0);
  for (std::uint32_t id = 0; id < 10'000; id += 3) {
    some.unwritten.moved(id);
  }
  expect_as_foreseen(std::move(some));
}

}  // namespace
}  // namespace weir::sidecar
