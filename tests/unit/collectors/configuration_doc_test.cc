// docs/configuration.md lists the settings of weir-collector.
#include <gtest/gtest.h>

#include "collectors/config/settings.h"
#include "support.h"

namespace weir::collectors::testing {
namespace {

TEST(ConfigurationPage, ListsEverySettingOfTheCollector) {
  const std::string text = slurp(std::string(WEIR_SOURCE_DIR) + "/docs/configuration.md");
  ASSERT_NE(text, "");
  for (const Setting& setting : all_settings()) {
    const std::string row = "| `" + std::string(setting.key) + "` | `" + setting.environment() +
                            "` | " + (setting.flag ? "yes" : "no") + " |";
    EXPECT_NE(text.find(row), std::string::npos) << "docs/configuration.md lacks " << row;
  }
}

}  // namespace
}  // namespace weir::collectors::testing
