// The guide shows the uptime collector as it is.
#include <gtest/gtest.h>

#include "support.h"

namespace weir::collectors::testing {
namespace {

TEST(WritingACollector, ShowsTheUptimeCollectorThatIsCompiled) {
  const std::string root = WEIR_SOURCE_DIR;
  const std::string code = slurp(root + "/collectors/host/uptime.cc");
  ASSERT_NE(code, "");
  EXPECT_NE(slurp(root + "/docs/writing-a-collector.md").find("```cpp\n" + code + "```\n"),
            std::string::npos)
      << "copy collectors/host/uptime.cc into docs/writing-a-collector.md";
}

}  // namespace
}  // namespace weir::collectors::testing
