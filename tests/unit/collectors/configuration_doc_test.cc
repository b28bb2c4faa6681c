// docs/configuration.md lists the settings of weir-collector, and the example for Prometheus
// selects what it collects.
#include <gtest/gtest.h>

#include <string>

#include "collectors/catalogue.h"
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

TEST(PrometheusExample, SelectsEveryCollector) {
  const std::string text = slurp(std::string(WEIR_SOURCE_DIR) + "/examples/prometheus.yml");
  const std::string key = "collect[]: [";
  const std::size_t begin = text.find(key);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t first = begin + key.size();
  // [cpu, disk, ...]: each name between separators.
  std::string list = "," + text.substr(first, text.find(']', first) - first) + ",";
  std::erase_if(list, [](char c) { return c == ' ' || c == '\n'; });
  for (const CatalogueEntry& entry : linked_collectors()) {
    EXPECT_NE(list.find("," + std::string(entry.name) + ","), std::string::npos)
        << "examples/prometheus.yml leaves out " << entry.name;
  }
}

}  // namespace
}  // namespace weir::collectors::testing
