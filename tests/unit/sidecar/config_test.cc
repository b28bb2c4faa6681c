// What a person writes, and what the sidecar makes of it or says about it.
#include "sidecar/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>

#include "sidecar/config/environment.h"
#include "sidecar/config/options.h"
#include "sidecar/config/yaml_reader.h"

namespace weir::sidecar {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string name = testing::TempDir() + "weir_config_XXXXXX";
    const int file = ::mkstemp(name.data());
    EXPECT_GE(file, 0);
    ::close(file);
    path_ = name;
    given_.host_name = "web-1";
    given_.user_id = 1000;
    given_.environment = {{"HOME", "/home/ada"}, {"PATH", "/bin"}};
  }
  ~ConfigTest() override { std::remove(path_.c_str()); }

  ConfigResult load_file(const std::string& yaml) {
    std::ofstream(path_) << yaml;
    given_.arguments.insert(given_.arguments.begin(), {"--config", path_});
    return load_config(given_);
  }
  ConfigResult load(std::vector<std::string> arguments) {
    given_.arguments = std::move(arguments);
    return load_config(given_);
  }

  std::string path_;
  Surroundings given_;
};

TEST_F(ConfigTest, DefaultsOfAUserAreInTheirHome) {
  const ConfigResult result = load({});
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_FALSE(result.exit);
  EXPECT_EQ(result.config.http_listen.to_string(), ":9742");
  EXPECT_EQ(result.config.admin_listen.to_string(), "127.0.0.1:9743");
  EXPECT_TRUE(result.config.nats.embedded());
  EXPECT_EQ(result.config.node, "web-1");
  EXPECT_EQ(result.config.state_dir, "/home/ada/.local/state/weir");
  EXPECT_EQ(result.config.run_dir, "/tmp/weir-1000");
  EXPECT_EQ(result.config.ingest_queue_bytes, 64u << 20);
}

TEST_F(ConfigTest, DefaultsFollowTheXdgVariables) {
  given_.environment = {{"XDG_STATE_HOME", "/s"}, {"XDG_RUNTIME_DIR", "/r"}};
  const ConfigResult result = load({});
  EXPECT_EQ(result.config.state_dir, "/s/weir");
  EXPECT_EQ(result.config.run_dir, "/r/weir");
}

TEST_F(ConfigTest, DefaultsOfRootAreTheSystemsFolders) {
  given_.user_id = 0;
  const ConfigResult result = load({});
  EXPECT_EQ(result.config.state_dir, "/var/lib/weir");
  EXPECT_EQ(result.config.run_dir, "/run/weir");
}

TEST_F(ConfigTest, FlagsWinOverEnvironmentOverFileOverDefaults) {
  const std::string yaml = "node: file\nseries_ttl: 2h\ngauge_ttl: 7m\n";
  given_.environment.emplace_back("WEIR_NODE", "environment");
  given_.environment.emplace_back("WEIR_SERIES_TTL", "3h");
  given_.arguments = {"--node=flag"};
  const ConfigResult result = load_file(yaml);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.config.node, "flag");
  EXPECT_EQ(result.config.series_ttl, std::chrono::hours(3));
  EXPECT_EQ(result.config.gauge_ttl, std::chrono::minutes(7));
  EXPECT_EQ(result.config.forget_after, std::chrono::hours(24));
}

TEST_F(ConfigTest, EveryKindOfValueIsReadFromTheFile) {
  const ConfigResult result = load_file(R"(
# a comment
http: {listen: "[::1]:80"}
nats:
  url: nats://a:4222,tls://b
  tls:
    ca: /dev/null
state: {dir: none}
log: {format: json, level: debug}
exposition:
  created: true
  service_label: ""
limits: {frame_bytes: 1MiB, series_per_publisher: 7}
shutdown.linger: 1m30s
aggregation:
  queue_depth: max
  temperature_celsius: last
)");
  ASSERT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.config.http_listen.host, "::1");
  EXPECT_EQ(result.config.http_listen.port, 80);
  EXPECT_EQ(result.config.nats.url, "nats://a:4222,tls://b");
  EXPECT_EQ(result.config.nats.tls_ca_file, "/dev/null");
  EXPECT_EQ(result.config.state_dir, "");
  EXPECT_EQ(result.config.log_format, LogFormat::kJson);
  EXPECT_TRUE(result.config.exposition.created);
  EXPECT_EQ(result.config.exposition.service_label, "");
  EXPECT_EQ(result.config.limits.frame_bytes_max, 1u << 20);
  EXPECT_EQ(result.config.limits.series_per_publisher_max, 7u);
  EXPECT_EQ(result.config.shutdown_linger, std::chrono::seconds(90));
  EXPECT_EQ(result.config.aggregation.at("queue_depth"), wire::Aggregation::kMax);
  EXPECT_EQ(result.config.aggregation.at("temperature_celsius"), wire::Aggregation::kLast);
}

TEST_F(ConfigTest, AnEmptyFileAndEmptySectionsAreFine) {
  EXPECT_THAT(load_file("").errors, IsEmpty());
  EXPECT_THAT(load_file("# nothing\n").errors, IsEmpty());
  EXPECT_THAT(load_file("http:\naggregation:\n").errors, IsEmpty());
}

struct BadFile {
  const char* yaml;
  const char* error;  // behind the name of the file
};

class BadFileTest : public ConfigTest, public testing::WithParamInterface<BadFile> {};

TEST_P(BadFileTest, IsRefusedWithPlaceKeyAndReason) {
  const ConfigResult result = load_file(GetParam().yaml);
  ASSERT_THAT(result.errors, Contains(HasSubstr(path_ + GetParam().error)));
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(result.exit->code, 2);
  EXPECT_THAT(result.exit->text, HasSubstr(path_ + GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadFileTest,
    testing::Values(
        BadFile{"node: a\nhtp:\n  listen: :1\n",
                ":3:3: htp.listen: unknown key; did you mean \"http.listen\"?"},
        BadFile{"listen: :1\n", ":1:1: listen: unknown key; did you mean \"http.listen\"?"},
        BadFile{"zzzzzzzzzzzz: 1\n", ":1:1: zzzzzzzzzzzz: unknown key"},
        BadFile{"http:\n  listen: here\n", ":2:11: http.listen: has no port"},
        BadFile{"http: {listen: ':99999'}\n",
                ":1:16: http.listen: port \"99999\" is not a number from 0 to 65535"},
        BadFile{"http: {listen: '::1:80'}\n",
                ":1:16: http.listen: an IPv6 address stands in brackets: [::1]:80"},
        BadFile{"http: {listen: [1]}\n", ":1:16: http.listen is a list"},
        BadFile{"http: 7\n", ":1:1: http: is a section, not a value"},
        BadFile{"node:\n", ":1:1: node: has no value"},
        BadFile{"node: {a: b}\n", ":1:8: node.a: unknown key"},
        BadFile{"series_ttl: 5\n", ":1:13: series_ttl: \"5\" is not a duration"},
        BadFile{"series_ttl: 10ms\n", ":1:13: series_ttl: 10ms is out of range: 1s to 365d"},
        BadFile{"ingest: {queue_bytes: 64Mi}\n",
                ":1:23: ingest.queue_bytes: \"64Mi\" is not a size"},
        BadFile{"limits: {frame_bytes: 1}\n",
                ":1:23: limits.frame_bytes: 1 is out of range: 4KiB to 64MiB"},
        BadFile{"limits: {labels_per_series: -1}\n",
                ":1:29: limits.labels_per_series: \"-1\" is not a whole number"},
        BadFile{"exposition: {created: yes}\n",
                ":1:23: exposition.created: \"yes\" is neither true nor false"},
        BadFile{"exposition: {service_label: 9x}\n", ":1:29: exposition.service_label: "},
        BadFile{"log: {format: xml}\n", ":1:15: log.format: \"xml\" is neither text nor json"},
        BadFile{"log: {level: loud}\n", ":1:14: log.level: \"loud\" is none of trace, debug"},
        BadFile{"nats: {url: 'http://x'}\n", ":1:13: nats.url: scheme \"http\" is not known"},
        BadFile{"nats: {url: 'nats://'}\n", ":1:13: nats.url: has no host"},
        BadFile{"subject: {prefix: 'a b'}\n",
                ":1:19: subject.prefix: \"a b\" is no subject prefix"},
        BadFile{"state: {dir: here}\n", ":1:14: state.dir: \"here\" is not an absolute path"},
        BadFile{"aggregation: {9x: max}\n", ":1:19: aggregation.9x: "},
        BadFile{"aggregation: {x: most}\n",
                ":1:18: aggregation.x: \"most\" is none of sum, min, max"},
        BadFile{"aggregation: max\n", ":1:1: aggregation: is a section, not a value"},
        BadFile{"node: a\nnode: b\n", ":2:1: node: stands here for the second time"},
        BadFile{"a: &x 1\nnode: *x\n", ":2:7: aliases (*name) are not supported here"},
        BadFile{"- a\n", ":1:1: the file is a list"},
        BadFile{"just text\n", ":1:1: the file is not a map of keys"},
        BadFile{"node: a\n---\nnode: b\n", ":2:1: holds a second document"},
        BadFile{"http: {listen: ':1'\n", ":2:1: "}, BadFile{"http:\n\tlisten: :1\n", ":2:8: "}));

TEST_F(ConfigTest, AllErrorsOfAFileAreToldAtOnce) {
  const ConfigResult result = load_file("noed: a\nseries_ttl: x\n");
  EXPECT_THAT(result.errors,
              ElementsAre(HasSubstr(":1:1: noed: unknown key; did you mean \"node\"?"),
                          HasSubstr(":2:13: series_ttl: ")));
}

TEST_F(ConfigTest, AMissingFileIsNamed) {
  EXPECT_THAT(load({"--config", "/nowhere/weir.yaml"}).errors,
              ElementsAre("cannot read /nowhere/weir.yaml: No such file or directory"));
  EXPECT_THAT(load({"--config", "/"}).errors, ElementsAre("cannot read /: Is a directory"));
}

TEST_F(ConfigTest, ConfigFileComesFromTheEnvironmentToo) {
  std::ofstream(path_) << "node: from-file\n";
  given_.environment.emplace_back("WEIR_CONFIG", path_);
  EXPECT_EQ(load({}).config.node, "from-file");
}

TEST_F(ConfigTest, AHostileFileIsRefusedQuickly) {
  const auto error_of = [](const std::string& text) { return parse_yaml(text).error; };
  EXPECT_THAT(error_of(std::string(kYamlBytesMax + 1, 'a')), HasSubstr("is larger than 1 MiB"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) {
    deep += "{a: ";
  }
  deep += "1" + std::string(100'000, '}');
  EXPECT_THAT(error_of(deep), HasSubstr("is nested deeper than 16"));
  EXPECT_THAT(error_of(std::string(100'000, '[')), HasSubstr("is a list"));
  EXPECT_THAT(error_of(std::string(100'000, '{')), testing::Not(IsEmpty()));
  EXPECT_THAT(error_of("? {a: b}\n: c\n"), HasSubstr("a key is text, not a map"));
  EXPECT_THAT(error_of(std::string("a: \0\xff", 5)), testing::_);  // no crash is all we ask
}

TEST_F(ConfigTest, FlagsTakeAllTheirForms) {
  const ConfigResult result =
      load({"--node", "a", "--node=b", "--web.listen-address=:1", "--exposition.created",
            "--exposition.zero_first=false", "--exposition.service_label=", "--nats.user", "u"});
  // A user without the URL of a server is what is wrong here, and nothing else.
  ASSERT_THAT(result.errors, ElementsAre(HasSubstr("nats.url: is embedded")));
  EXPECT_EQ(result.config.node, "b");
  EXPECT_EQ(result.config.http_listen.port, 1);
  EXPECT_TRUE(result.config.exposition.created);
  EXPECT_FALSE(result.config.exposition.zero_first);
  EXPECT_EQ(result.config.exposition.service_label, "");
}

TEST_F(ConfigTest, BadFlagsAreNamedWithTheNearest) {
  EXPECT_THAT(load({"--http.listn=:1"}).errors,
              ElementsAre("unknown flag --http.listn; did you mean \"--http.listen\"?"));
  EXPECT_THAT(load({"stray"}).errors, ElementsAre("unexpected argument \"stray\""));
  EXPECT_THAT(load({"--node"}).errors, ElementsAre(HasSubstr("--node")));
  EXPECT_THAT(load({"--log.format", "xml"}).errors,
              ElementsAre("--log.format: \"xml\" is neither text nor json"));
}

TEST_F(ConfigTest, BadEnvironmentValuesAreErrorsAndNameTheVariable) {
  given_.environment.emplace_back("WEIR_GAUGE_TTL", "soon");
  EXPECT_THAT(load({}).errors,
              ElementsAre(HasSubstr("environment variable WEIR_GAUGE_TTL: \"soon\" is not")));
}

TEST_F(ConfigTest, UnknownEnvironmentNamesWarnAndNeverFail) {
  given_.environment.emplace_back("WEIR_HTP_LISTEN", ":1");
  const ConfigResult result = load({});
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(result.warnings,
              ElementsAre("environment variable WEIR_HTP_LISTEN is not known; did you mean "
                          "\"WEIR_HTTP_LISTEN\"?"));
}

TEST_F(ConfigTest, VariablesOfKubernetesAndOfTheClientAreIgnored) {
  for (const char* name :
       {"WEIR_PORT", "WEIR_PORT_9742_TCP", "WEIR_PORT_9742_TCP_ADDR", "WEIR_SERVICE_HOST",
        "WEIR_SERVICE_PORT", "WEIR_SERVICE_PORT_HTTP", "WEIR_SIDECAR_SERVICE_HOST", "WEIR_SERVICE",
        "WEIR_FLUSH_INTERVAL", "WEIR_EXPORTER", "WEIR_NODE", "OTHER"}) {
    given_.environment.emplace_back(name, name == std::string("WEIR_NODE") ? "n" : "tcp://1:2");
  }
  const ConfigResult result = load({});
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_THAT(result.errors, IsEmpty());
}

TEST_F(ConfigTest, AnEmptyVariableCountsAsNotSet) {
  given_.environment.emplace_back("WEIR_NODE", "");
  EXPECT_EQ(load({}).config.node, "web-1");
}

TEST_F(ConfigTest, ValuesThatContradictEachOtherAreTold) {
  EXPECT_THAT(load({"--nats.url=tls://a", "--nats.tls.cert=/dev/null"}).errors,
              ElementsAre(HasSubstr("nats.tls: cert and key belong together")));
  EXPECT_THAT(load({"--nats.url=tls://a", "--nats.password=x"}).errors,
              ElementsAre(HasSubstr("nats.password: is set without nats.user")));
  EXPECT_THAT(load({"--nats.url=tls://a", "--nats.token=x", "--nats.user=y"}).errors,
              ElementsAre(HasSubstr("more than one of user, token")));
  EXPECT_THAT(load({"--nats.url=tls://a", "--nats.credentials=/nowhere"}).errors,
              ElementsAre("nats.credentials: cannot read /nowhere: No such file or directory"));
}

TEST_F(ConfigTest, CheckConfigSaysOkOrWhatIsWrong) {
  const ConfigResult good = load({"--check-config"});
  ASSERT_TRUE(good.exit);
  EXPECT_EQ(good.exit->code, 0);
  EXPECT_EQ(good.exit->text, "config ok\n");
  const ConfigResult bad = load({"--check-config", "--gauge_ttl=x"});
  ASSERT_TRUE(bad.exit);
  EXPECT_EQ(bad.exit->code, 2);
  EXPECT_THAT(bad.exit->text, HasSubstr("--gauge_ttl: \"x\" is not a duration"));
}

TEST_F(ConfigTest, VersionAndHelpLeaveWithZero) {
  const ConfigResult version = load({"--version"});
  ASSERT_TRUE(version.exit);
  EXPECT_EQ(version.exit->code, 0);
  EXPECT_THAT(version.exit->text, testing::StartsWith("weir-sidecar "));
  const ConfigResult help = load({"--help"});
  ASSERT_TRUE(help.exit);
  EXPECT_EQ(help.exit->code, 0);
  for (const Option& option : all_options()) {
    EXPECT_THAT(help.exit->text, HasSubstr("--" + option.key));
  }
  EXPECT_THAT(help.exit->text, HasSubstr("Default: :9742"));
}

TEST_F(ConfigTest, MainsFormSplitsTheEnvironment) {
  const char* argv[] = {"weir-sidecar", "--log.level=warn"};
  const char* environment[] = {"WEIR_NODE=a=b", "NONSENSE", nullptr};
  const ConfigResult result = load_config(2, argv, environment);
  EXPECT_EQ(result.config.node, "a=b");
  EXPECT_EQ(result.config.log_level, "warn");
}

TEST(OptionsTest, EveryDefaultIsAcceptedByItsOwnOption) {
  Surroundings surroundings;
  surroundings.user_id = 0;
  Config config = load_config(surroundings).config;
  for (const Option& option : all_options()) {
    const std::string shown = option.show(config);
    if (!shown.empty()) {
      EXPECT_EQ(option.set(config, shown), "") << option.key;
      EXPECT_EQ(option.show(config), shown) << option.key;
    }
  }
}

TEST(OptionsTest, NoVariableIsAmbiguousOrLooksLikeKubernetes) {
  std::set<std::string> names;
  for (const Option& option : all_options()) {
    const std::string name = environment_name(option.key);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(is_kubernetes_service_variable(name)) << name;
  }
}

}  // namespace
}  // namespace weir::sidecar
