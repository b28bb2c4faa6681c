#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/assembly.h"
#include "collectors/config/flags.h"
#include "collectors/config/settings.h"
#include "collectors/config/values.h"
#include "collectors/exit_codes.h"
#include "collectors/log.h"
#include "support.h"

namespace weir::collectors::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  std::string why_bad(const std::string& yaml) {
    Settings settings;
    return read_yaml(settings, yaml, "weir.yaml", linked_collectors()).reason();
  }
  Plan plan(const std::string& yaml, const std::string& name) {
    Settings settings;
    EXPECT_EQ(read_yaml(settings, yaml, "weir.yaml", linked_collectors()).reason(), "");
    for (const CatalogueEntry& entry : linked_collectors()) {
      if (entry.name == name) {
        return plan_of(entry, settings);
      }
    }
    ADD_FAILURE() << name;
    return {};
  }
};

TEST_F(ConfigTest, ReadsEverySetting) {
  Settings settings;
  ASSERT_EQ(read_yaml(settings,
                      "nats: {url: 'nats://n:1', user: u, password: p, tls: {ca: /ca}}\n"
                      "node: web-1\n"
                      "flush_interval: 100ms\n"
                      "path.procfs: /host/proc\n"
                      "path:\n  sysfs: /host/sys\n  rootfs: /host\n"
                      "log: {level: debug, format: json}\n"
                      "collectors:\n",
                      "weir.yaml", linked_collectors())
                .reason(),
            "");
  EXPECT_EQ(settings.publisher.url, "nats://n:1");
  EXPECT_EQ(settings.publisher.user, "u");
  EXPECT_EQ(settings.publisher.password, "p");
  EXPECT_EQ(settings.publisher.tls_ca_file, "/ca");
  EXPECT_EQ(settings.publisher.node, "web-1");
  EXPECT_EQ(settings.publisher.flush_interval, milliseconds(100));
  EXPECT_EQ(settings.paths.procfs, "/host/proc");
  EXPECT_EQ(settings.paths.sysfs, "/host/sys");
  EXPECT_EQ(settings.paths.rootfs, "/host");
  EXPECT_EQ(settings.log_level, "debug");
  EXPECT_EQ(settings.log_format, "json");
}

TEST_F(ConfigTest, AnEmptyFileChangesNothing) {
  EXPECT_EQ(why_bad(""), "");
  EXPECT_EQ(why_bad("# nothing\n"), "");
}

TEST_F(ConfigTest, UnknownKeysAreErrorsWithLineAndNearestName) {
  EXPECT_EQ(why_bad("node: a\nnatz: {url: x}\n"),
            "weir.yaml:2: unknown key \"natz\": did you mean \"nats\"?");
  EXPECT_EQ(why_bad("nats:\n  user: a\n  ulr: x\n"),
            "weir.yaml:3: unknown key \"nats.ulr\": did you mean \"nats.url\"?");
  EXPECT_EQ(why_bad("completely_different: 1\n"),
            "weir.yaml:1: unknown key \"completely_different\"");
}

TEST_F(ConfigTest, UnknownCollectorsAreErrorsWithLineAndNearestName) {
  EXPECT_EQ(why_bad("collectors:\n  cpu: {}\n  uptme: {enabled: true}\n"),
            "weir.yaml:3: unknown collector \"uptme\": did you mean \"uptime\"?");
}

TEST_F(ConfigTest, UnknownOptionsOfACollectorAreErrorsWithLineAndNearestName) {
  Settings settings;
  ASSERT_TRUE(read_yaml(settings, "collectors:\n  disk:\n    device_exlude: x\n", "weir.yaml",
                        linked_collectors())
                  .ok());
  World world;
  const Assembly assembly =
      assemble(linked_collectors(), settings, world.registry, world.health, world.log);
  EXPECT_EQ(assembly.configuration.reason(),
            "weir.yaml:3: unknown option \"collectors.disk.device_exlude\": did you mean "
            "\"device_exclude\"?");
  EXPECT_THAT(assembly.could_not_start, ElementsAre("disk"));
}

TEST_F(ConfigTest, BadValuesAreErrorsThatNameThem) {
  EXPECT_EQ(why_bad("flush_interval: 5ms\n"),
            "weir.yaml:1: flush_interval: \"5ms\" is not a duration from 10ms to 1h");
  EXPECT_THAT(why_bad("log: {level: loud}\n"), HasSubstr("log.level: \"loud\" is none of trace"));
  EXPECT_THAT(why_bad("collectors: {cpu: {enabled: maybe}}\n"),
              HasSubstr("collectors.cpu: \"maybe\" is not true or false"));
  EXPECT_THAT(why_bad("collectors: {cpu: {interval: 15}}\n"),
              HasSubstr("collectors.cpu.interval: \"15\" is not a duration from 5ms to 24h"));
  EXPECT_THAT(why_bad("collectors: {cpu: [1]}\n"), HasSubstr("collectors.cpu: must be"));
  EXPECT_THAT(why_bad("nats: hello\n"), HasSubstr("nats: is a section"));
  EXPECT_THAT(why_bad("nats: {url: [a]}\n"), HasSubstr("nats.url: must be one value"));
  EXPECT_THAT(why_bad("path.procfs: ''\n"), HasSubstr("path.procfs: must name a folder"));
  EXPECT_THAT(why_bad("node: a\nnode: b\n"), HasSubstr("weir.yaml:2: \"node\" stands here twice"));
  EXPECT_THAT(why_bad("- a\n"), HasSubstr("must be keys and values"));
  EXPECT_THAT(why_bad("a: [\n"), HasSubstr("weir.yaml:2: not valid YAML"));
}

TEST_F(ConfigTest, ACollectorsPlanIsItsSettingsElseTheDefaults) {
  EXPECT_TRUE(plan("", "uptime").enabled);
  EXPECT_EQ(plan("", "uptime").interval, milliseconds(5000));
  EXPECT_EQ(plan("", "uptime").deadline, milliseconds(5000));
  const std::string yaml = "collectors: {uptime: {enabled: true, interval: 15s}}";
  EXPECT_EQ(plan(yaml, "uptime").interval, milliseconds(15'000));
  EXPECT_EQ(plan(yaml, "uptime").deadline, milliseconds(15'000));
  EXPECT_EQ(plan("collectors: {uptime: {interval: 10ms}}", "uptime").deadline, milliseconds(1000));
  EXPECT_EQ(plan("collectors: {uptime: {deadline: 2s}}", "uptime").deadline, milliseconds(2000));
  EXPECT_FALSE(plan("collectors: {uptime: {enabled: false}}", "uptime").enabled);
  EXPECT_FALSE(plan("collectors: {uptime: false}", "uptime").enabled);
}

TEST_F(ConfigTest, TheEnvironmentWinsOverTheFileAndUnknownNamesAreWarnings) {
  Settings settings;
  ASSERT_TRUE(read_yaml(settings, "node: file\n", "f", linked_collectors()).ok());
  std::vector<std::string> warnings;
  const std::vector<std::string> environment = {
      "PATH=/bin",         "WEIR_NODE=environment",      "WEIR_PATH_PROCFS=/p",
      "WEIR_NOED=x",       "WEIR_PORT=tcp://10.0.0.1:1", "WEIR_SERVICE_HOST=10.0.0.1",
      "WEIR_SERVICE=abc",  "WEIR_SERVICE_PORT_HTTP=1",   "WEIR_PORT_9742_TCP=x",
      "WEIR_NATS_URL=nats"};
  EXPECT_EQ(read_environment(settings, environment, warnings).reason(), "");
  EXPECT_EQ(settings.publisher.node, "environment");
  EXPECT_EQ(settings.paths.procfs, "/p");
  EXPECT_EQ(settings.publisher.url, "nats");
  EXPECT_THAT(warnings, ElementsAre("environment WEIR_NOED is unknown and ignored: did you mean "
                                    "\"WEIR_NODE\"?"));
  EXPECT_EQ(read_environment(settings, std::vector<std::string>{"WEIR_LOG_LEVEL=x"}, warnings)
                .reason()
                .substr(0, 43),
            "environment WEIR_LOG_LEVEL: log.level: \"x\" ");
}

TEST_F(ConfigTest, FlagsAreSettingsAndOneAction) {
  const std::vector<const char*> arguments = {"weir-collector", "--config", "f.yaml",
                                              "--nats.url",     "nats://x", "--once"};
  const Flags flags = parse_flags(static_cast<int>(arguments.size()), arguments.data());
  EXPECT_FALSE(flags.exit_code.has_value());
  EXPECT_EQ(flags.action, Action::kOnce);
  EXPECT_EQ(flags.config_file, "f.yaml");
  ASSERT_EQ(flags.values.size(), 1u);
  EXPECT_EQ(flags.values[0].first->key, "nats.url");
  EXPECT_EQ(flags.values[0].second, "nats://x");
}

TEST_F(ConfigTest, MistakesInFlagsEndWithTheUsageCode) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"weir-collector", "--nonsense"},
        std::vector<const char*>{"weir-collector", "--once", "--list"},
        std::vector<const char*>{"weir-collector", "--nats.password", "visible"}}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(parse_flags(static_cast<int>(arguments.size()), arguments.data()).exit_code,
              kExitUsage);
    EXPECT_NE(::testing::internal::GetCapturedStderr(), "");
  }
}

TEST(Values, DurationsAreNumbersWithAUnit) {
  EXPECT_EQ(parse_duration("10ms"), milliseconds(10));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  for (const char* bad : {"", "5", "s", "-1s", "1d", "1 s", "1e3s", "999999999h", "1..5s"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(Options, TellWhatIsNotOfTheKindThatWasAskedFor) {
  Options options;
  options.set_origin("", "collectors.x.");
  options.add("count", {"many"}, 7);
  options.add("names", {"a", "b"}, 8);
  EXPECT_THAT(options.list("names"), ElementsAre("a", "b"));
  EXPECT_EQ(options.number("count", 3), 3);
  EXPECT_EQ(options.status().reason(), "line 7: collectors.x.count: \"many\" is not a number");
}

TEST(Log, JsonLinesStayJson) {
  EXPECT_EQ(escape_json("a \"b\" \\ \n\x01"), "a \\\"b\\\" \\\\ \\u000a\\u0001");
}

}  // namespace
}  // namespace weir::collectors::testing
