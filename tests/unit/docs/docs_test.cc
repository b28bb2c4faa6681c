// What the documentation says is what the program has: examples, links, names, settings, reasons.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "schemas/limits.h"
#include "schemas/refusal.h"
#include "sidecar/config/config.h"
#include "sidecar/config/options.h"
#include "text.h"

namespace weir::docs_test {
namespace {

TEST(Readme, ShowsTheExampleThatIsCompiled) {
  const std::string code = slurp("examples/quickstart.cc");
  ASSERT_NE(code, "");
  EXPECT_NE(slurp("README.md").find("```cpp\n" + code + "```\n"), std::string::npos)
      << "copy examples/quickstart.cc into README.md";
}

TEST(Documentation, LinksOnlyToWhatIsThere) {
  std::size_t links = 0;
  for (const std::filesystem::path& file : markdown_files()) {
    for (const std::string& link : links_of(slurp(file))) {
      ++links;
      if (link.starts_with("https://") || link.starts_with("http://")) {
        continue;
      }
      const std::size_t hash = std::min(link.find('#'), link.size());
      const std::filesystem::path target =
          hash == 0 ? file : (file.parent_path() / link.substr(0, hash)).lexically_normal();
      EXPECT_TRUE(std::filesystem::exists(root() / target)) << file << " links to " << link;
      if (hash < link.size()) {
        const std::vector<std::string> anchors = anchors_of(slurp(target));
        EXPECT_NE(std::find(anchors.begin(), anchors.end(), link.substr(hash + 1)), anchors.end())
            << file << " links to " << link << ", which is no heading there";
      }
    }
  }
  EXPECT_GT(links, 20U);
}

TEST(Documentation, ExplainsEveryMetric) {
  const std::string text = slurp("docs/metrics.md");
  std::istringstream golden(slurp("tests/integration/golden_metric_names.txt"));
  std::size_t names = 0;
  for (std::string name; std::getline(golden, name);) {
    if (!name.empty() && !name.starts_with('#')) {
      ++names;
      EXPECT_NE(text.find("`" + name + "`"), std::string::npos) << "docs/metrics.md lacks " << name;
    }
  }
  EXPECT_GT(names, 100U);
}

// Key, environment, default and meaning of each, as `weir-sidecar --help` says them.
TEST(Documentation, ListsEverySettingOfTheSidecar) {
  const std::string text = slurp("docs/configuration.md");
  sidecar::Config defaults;
  defaults.node = "the host name";
  defaults.state_dir = "/var/lib/weir";
  defaults.run_dir = "/run/weir";
  for (const sidecar::Option& option : sidecar::all_options()) {
    const std::string value = option.show(defaults);
    const std::string shown = value.empty() ? "" : option.key == "node" ? value : "`" + value + "`";
    const std::string row = "| `" + option.key + "` | `" + sidecar::environment_name(option.key) +
                            "` | " + (shown.empty() ? "" : shown + " ") + "| " + option.help;
    EXPECT_NE(text.find(row), std::string::npos) << "docs/configuration.md lacks\n" << row;
  }
}

TEST(Documentation, ListsEveryVariableOfTheClient) {
  const std::string text = slurp("docs/configuration.md");
  std::size_t names = 0;
  for (const std::string& name : words_of(slurp("client_lib/src/discovery.cc"))) {
    if (name.starts_with("WEIR_")) {
      ++names;
      EXPECT_NE(text.find("| `" + name + "` |"), std::string::npos)
          << "docs/configuration.md lacks " << name;
    }
  }
  EXPECT_GT(names, 10U);
}

TEST(Documentation, ListsEveryReasonOfRefusal) {
  const std::string text = slurp("docs/protocol.md");
  for (int i = 1; i < static_cast<int>(wire::Reason::kCount); ++i) {
    const std::string reason(wire::reason_name(static_cast<wire::Reason>(i)));
    EXPECT_NE(text.find("| `" + reason + "` |"), std::string::npos)
        << "docs/protocol.md lacks " << reason;
  }
}

TEST(Documentation, StatesTheLimitsInForce) {
  const std::string text = slurp("docs/protocol.md");
  const wire::Limits limits;
  const auto expect = [&](const std::string& name, std::uint64_t value) {
    EXPECT_NE(text.find("| `" + name + "` | " + std::to_string(value) + " |"), std::string::npos)
        << "docs/protocol.md lacks " << name << " " << value;
  };
  expect("frame_bytes_max", limits.frame_bytes_max);
  expect("families_per_publisher_max", limits.families_per_publisher_max);
  expect("series_per_publisher_max", limits.series_per_publisher_max);
  expect("labels_per_series_max", limits.labels_per_series_max);
  expect("name_bytes_max", limits.name_bytes_max);
  expect("label_value_bytes_max", limits.label_value_bytes_max);
  expect("help_bytes_max", limits.help_bytes_max);
  expect("hold_ms_max", limits.hold_ms_max);
  expect("kBucketsMax", wire::kBucketsMax);
  expect("kPartsMax", wire::kPartsMax);
}

}  // namespace
}  // namespace weir::docs_test
