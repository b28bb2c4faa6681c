// The process_* metrics as an exporter sees them.
#include "sidecar/process/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::sidecar {
namespace {

using testing::HasSubstr;

TEST(ProcessMetricsTest, AllAreExportedWithTheUsualNamesAndTypes) {
  ProcessMetrics metrics;
  Registry registry;
  const Status status = metrics.register_in(registry);
  ASSERT_TRUE(status.ok()) << status.reason();
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter"));
  for (const char* name :
       {"process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
        "process_max_fds", "process_start_time_seconds", "process_threads"}) {
    EXPECT_THAT(text, HasSubstr("# TYPE " + std::string(name) + " gauge"));
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + " "));
  }
}

}  // namespace
}  // namespace weir::sidecar
