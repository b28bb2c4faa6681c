// Options win over the environment, that over the endpoint file, that over the defaults.
#include "client_lib/src/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "client_lib/src/endpoint_file.h"

namespace weir {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DiscoveryTest : public ::testing::Test {
 protected:
  Discovered found() {
    Discovered discovered;
    const Status status = discover(options, surroundings(), discovered);
    EXPECT_TRUE(status.ok()) << status.reason();
    return discovered;
  }
  std::string why() {
    Discovered discovered;
    return discover(options, surroundings(), discovered).reason();
  }
  Surroundings surroundings() {
    Surroundings out;
    const auto look_up = [](const std::map<std::string, std::string>& in, const std::string& key) {
      const auto at = in.find(key);
      return at == in.end() ? std::nullopt : std::optional(at->second);
    };
    out.environment = [=, this](const char* name) { return look_up(environment, name); };
    out.read_file = [=, this](const std::string& path) { return look_up(files, path); };
    out.host_name = [] { return "host"; };
    out.program_name = [] { return "program"; };
    return out;
  }

  NatsPublisherOptions options;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> files;
};

TEST_F(DiscoveryTest, Defaults) {
  const Discovered discovered = found();
  EXPECT_EQ(discovered.connect.url, "nats://127.0.0.1:4222");
  EXPECT_EQ(discovered.connect.token, "");
  EXPECT_EQ(discovered.node, "host");
  EXPECT_EQ(discovered.service, "program");
  EXPECT_EQ(discovered.subject_prefix, "weir");
  EXPECT_EQ(discovered.flush_interval_ms, 1000);
  EXPECT_EQ(discovered.heartbeat_interval_ms, 5000);
  EXPECT_EQ(discovered.goodbye_timeout_ms, 500);
}

TEST_F(DiscoveryTest, TheSidecarSaysWhereTheCellsAre) {
  EXPECT_EQ(cells_directory("", surroundings()), "/run/weir/cells");
  files["/run/weir/endpoint"] =
      R"({"url": "nats://127.0.0.1:1", "cells_dir": "/run/user/7/cells"})";
  EXPECT_EQ(cells_directory("", surroundings()), "/run/user/7/cells");
  environment["WEIR_CELLS_DIR"] = "/elsewhere";
  EXPECT_EQ(cells_directory("", surroundings()), "/elsewhere");
}

TEST_F(DiscoveryTest, EachSourceWinsOverTheNext) {
  files["/run/user/1/weir/endpoint"] = R"({"url":"nats://user","node":"u"})";
  environment["XDG_RUNTIME_DIR"] = "/run/user/1";
  EXPECT_EQ(found().connect.url, "nats://user");
  EXPECT_EQ(found().node, "u");
  files["/run/weir/endpoint"] =
      R"({"url":"nats://file","node":"f","token_file":"/token","http":"127.0.0.1:9742"})";
  files["/token"] = "secret\n";
  EXPECT_EQ(found().connect.url, "nats://file");
  EXPECT_EQ(found().connect.token, "secret");
  EXPECT_EQ(found().node, "f");
  environment["WEIR_ENDPOINT_FILE"] = "/mine";
  files["/mine"] = R"({"url":"nats://mine","node":"m"})";
  EXPECT_EQ(found().connect.url, "nats://mine");
  environment["WEIR_NATS_URL"] = "nats://environment";
  environment["WEIR_NODE"] = "e";
  environment["WEIR_SERVICE"] = "es";
  environment["WEIR_SUBJECT_PREFIX"] = "ep";
  EXPECT_EQ(found().connect.url, "nats://environment");
  EXPECT_EQ(found().node, "e");
  EXPECT_EQ(found().service, "es");
  EXPECT_EQ(found().subject_prefix, "ep");
  options.url = "nats://option";
  options.node = "o";
  options.service = "os";
  options.subject_prefix = "op";
  EXPECT_EQ(found().connect.url, "nats://option");
  EXPECT_EQ(found().node, "o");
  EXPECT_EQ(found().service, "os");
  EXPECT_EQ(found().subject_prefix, "op");
}

TEST_F(DiscoveryTest, TheSidecarsTokenIsForItsOwnServerOnly) {
  files["/run/weir/endpoint"] = R"({"url":"nats://file","token_file":"/token"})";
  files["/token"] = "secret";
  environment["WEIR_NATS_URL"] = "nats://elsewhere";
  EXPECT_EQ(found().connect.token, "");
  environment["WEIR_NATS_URL"] = "nats://file";
  EXPECT_EQ(found().connect.token, "secret");
  environment["WEIR_NATS_TOKEN"] = "mine";
  EXPECT_EQ(found().connect.token, "mine");
  environment.erase("WEIR_NATS_TOKEN");
  options.user = "me";
  EXPECT_EQ(found().connect.token, "");
}

TEST_F(DiscoveryTest, AnUnreadableTokenFileIsNamed) {
  files["/run/weir/endpoint"] = R"({"url":"nats://file","token_file":"/token"})";
  EXPECT_THAT(found().connect.note, HasSubstr("/token"));
}

TEST_F(DiscoveryTest, ProofComesFromTheEnvironment) {
  environment = {{"WEIR_NATS_USER", "u"},        {"WEIR_NATS_PASSWORD", "p"},
                 {"WEIR_NATS_CREDENTIALS", "c"}, {"WEIR_NATS_NKEY", "n"},
                 {"WEIR_NATS_TLS_CA", "ca"},     {"WEIR_NATS_TLS_CERT", "cert"},
                 {"WEIR_NATS_TLS_KEY", "key"},   {"WEIR_NATS_TOKEN", "t"}};
  const ConnectOptions connect = found().connect;
  EXPECT_EQ(connect.user, "u");
  EXPECT_EQ(connect.password, "p");
  EXPECT_EQ(connect.credentials_file, "c");
  EXPECT_EQ(connect.nkey_seed_file, "n");
  EXPECT_EQ(connect.tls_ca_file, "ca");
  EXPECT_EQ(connect.tls_cert_file, "cert");
  EXPECT_EQ(connect.tls_key_file, "key");
  EXPECT_EQ(connect.token, "t");
}

TEST_F(DiscoveryTest, IntervalsAreCheckedAndNamed) {
  environment["WEIR_FLUSH_INTERVAL"] = "10ms";
  environment["WEIR_HEARTBEAT_INTERVAL"] = "2m";
  EXPECT_EQ(found().flush_interval_ms, 10);
  EXPECT_EQ(found().heartbeat_interval_ms, 120'000);
  options.flush_interval = std::chrono::milliseconds(20);
  EXPECT_EQ(found().flush_interval_ms, 20);
  options.flush_interval = std::chrono::minutes(10);
  EXPECT_EQ(found().heartbeat_interval_ms, 600'000);  // never shorter than the flush interval
  options.flush_interval = std::chrono::milliseconds(5);
  EXPECT_THAT(why(), AllOf(HasSubstr("flush interval"), HasSubstr("5 ms"), HasSubstr("10 ms")));
  options.flush_interval = {};
  environment["WEIR_FLUSH_INTERVAL"] = "soon";
  EXPECT_THAT(why(), AllOf(HasSubstr("WEIR_FLUSH_INTERVAL"), HasSubstr("soon")));
  environment["WEIR_FLUSH_INTERVAL"] = "2h";
  EXPECT_THAT(why(), HasSubstr("WEIR_FLUSH_INTERVAL"));
}

TEST_F(DiscoveryTest, BadNamesAreRefused) {
  options.service = "a\nb";
  EXPECT_THAT(why(), HasSubstr("service"));
  options.service = "";
  options.node = std::string(1000, 'n');
  EXPECT_THAT(why(), HasSubstr("node"));
  options.node = "";
  for (const char* prefix : {".", "a.", "a b", "a..b", "*", ">"}) {
    options.subject_prefix = prefix;
    EXPECT_THAT(why(), HasSubstr("subject prefix")) << prefix;
  }
  options.subject_prefix = "my.prefix-1";
  EXPECT_EQ(why(), "");
}

TEST_F(DiscoveryTest, TheExporterIsNatsOrNull) {
  EXPECT_FALSE(found().exporter_is_null);
  environment["WEIR_EXPORTER"] = "null";
  EXPECT_TRUE(found().exporter_is_null);
  environment["WEIR_EXPORTER"] = "nats";
  EXPECT_FALSE(found().exporter_is_null);
  environment["WEIR_EXPORTER"] = "pigeon";
  EXPECT_THAT(why(), HasSubstr("pigeon"));
}

TEST_F(DiscoveryTest, ABrokenEndpointFileIsNamedAndPassedOver) {
  files["/run/weir/endpoint"] = "{\"url\":";
  EXPECT_EQ(found().connect.url, "nats://127.0.0.1:4222");
  EXPECT_THAT(found().connect.note, HasSubstr("/run/weir/endpoint"));
}

TEST(EndpointFile, IsReadStrictly) {
  EndpointFile file;
  EXPECT_TRUE(parse_endpoint_file(
                  " {\"url\" : \"nats://\\u00e9\\ud83d\\ude00\\n\", \"pid\": -1.5e3, \"x\": "
                  "null, \"y\":true , \"z\" : \"s\"} \n",
                  file)
                  .ok());
  EXPECT_EQ(file.url, "nats://\xc3\xa9\xf0\x9f\x98\x80\n");
  EXPECT_TRUE(parse_endpoint_file("{}", file).ok());
  EXPECT_EQ(file.url, "");
  for (const char* bad :
       {"", "[]", "{", "{\"url\":1}", "{\"url\":\"a\"} x", "{\"url\" \"a\"}", "{\"a\":[1]}",
        "{\"url\":\"a\",}", "{,}", "{\"url\":\"\\ud83d\"}", "{\"url\":\"\\x\"}", "{\"url\":\"a",
        "{\"url\":\"a\nb\"}", "{\"a\":\"b\" \"c\":\"d\"}", "{\"url\":\"\xff\"}", "{\"a\":tru}"}) {
    EXPECT_FALSE(parse_endpoint_file(bad, file).ok()) << bad;
  }
}

TEST(Durations, HaveAUnit) {
  EXPECT_EQ(parse_duration_ms("10ms"), 10);
  EXPECT_EQ(parse_duration_ms("5s"), 5000);
  EXPECT_EQ(parse_duration_ms("2m"), 120'000);
  EXPECT_EQ(parse_duration_ms("1h"), 3'600'000);
  for (const char* bad :
       {"", "5", "s", "5 s", "-5s", "5d", "5sx", "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_FALSE(parse_duration_ms(bad).has_value()) << bad;
  }
}

TEST(Urls, AreShownWithoutSecrets) {
  EXPECT_EQ(without_secrets("nats://user:pass@a:1,tls://token@b:2,nats://c:3"),
            "nats://a:1,tls://b:2,nats://c:3");
  EXPECT_EQ(without_secrets("user@host:1"), "host:1");
}

}  // namespace
}  // namespace weir
