#include "ctl/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "ctl/options.h"

namespace weir::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

class EndpointTest : public ::testing::Test {
 protected:
  EndpointTest() {
    std::string path = (std::filesystem::temp_directory_path() / "weir_ctl_XXXXXX").string();
    directory_ = mkdtemp(path.data());
  }
  ~EndpointTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string directory_;
};

TEST_F(EndpointTest, TheEnvironmentsFileStandsAlone) {
  EXPECT_THAT(
      endpoint_paths(environment_of({{"WEIR_ENDPOINT_FILE", "/x"}, {"XDG_RUNTIME_DIR", "/y"}})),
      ElementsAre("/x"));
  EXPECT_THAT(endpoint_paths(environment_of({{"XDG_RUNTIME_DIR", "/y"}})),
              ElementsAre("/y/weir/endpoint", "/run/weir/endpoint"));
  EXPECT_THAT(endpoint_paths(environment_of({})), ElementsAre("/run/weir/endpoint"));
}

TEST_F(EndpointTest, TakesTheFirstFileThatExists) {
  const std::string path =
      write("endpoint",
            R"({"url":"nats://127.0.0.1:1","node":"n","token_file":"/t","http":"http://h:2"})");
  const auto endpoint = find_endpoint({directory_ + "/missing", path});
  ASSERT_TRUE(endpoint.ok()) << endpoint.reason();
  EXPECT_EQ(endpoint->path, path);
  EXPECT_EQ(endpoint->nats_url, "nats://127.0.0.1:1");
  EXPECT_EQ(endpoint->node, "n");
  EXPECT_EQ(endpoint->token_file, "/t");
  EXPECT_EQ(endpoint->http_url, "http://h:2");
}

TEST_F(EndpointTest, NoFileIsNoError) {
  const auto endpoint = find_endpoint({directory_ + "/missing"});
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->path, "");
}

TEST_F(EndpointTest, ABadFileIsNamedWithTheReason) {
  const std::string torn = write("torn", R"({"url":)");
  EXPECT_EQ(find_endpoint({torn}).reason(),
            "cannot read endpoint file " + torn + ": not a JSON object");
  const std::string typed = write("typed", R"({"url":7})");
  EXPECT_EQ(find_endpoint({typed}).reason(),
            "cannot read endpoint file " + typed + ": \"url\" is not a string");
  EXPECT_THAT(find_endpoint({directory_}).reason(), HasSubstr("directory"));
}

TEST_F(EndpointTest, OptionsWinOverTheEnvironmentOverTheFileOverTheDefault) {
  Endpoint endpoint;
  endpoint.path = "/run/weir/endpoint";
  endpoint.http_url = "http://file:1/";
  endpoint.nats_url = "nats://file:2";
  Options options;
  Targets targets = choose_targets(options, environment_of({}), endpoint, "host");
  EXPECT_EQ(targets.http.url, "http://file:1");
  EXPECT_EQ(targets.http.source, "/run/weir/endpoint");
  EXPECT_EQ(targets.nats_target.url, "nats://file:2");
  EXPECT_EQ(targets.node, "host");

  const auto environment = environment_of({{"WEIR_HTTP_URL", "http://env:1"},
                                           {"WEIR_NATS_URL", "nats://env:2"},
                                           {"WEIR_NODE", "env-node"}});
  targets = choose_targets(options, environment, endpoint, "host");
  EXPECT_EQ(targets.http.url, "http://env:1");
  EXPECT_EQ(targets.nats.source, "WEIR_NATS_URL");
  EXPECT_EQ(targets.node, "env-node");

  options.http_url = "http://flag:1";
  options.nats.url = "nats://flag:2";
  options.node = "flag-node";
  targets = choose_targets(options, environment, endpoint, "host");
  EXPECT_EQ(targets.http.url, "http://flag:1");
  EXPECT_EQ(targets.nats_target.url, "nats://flag:2");
  EXPECT_EQ(targets.node, "flag-node");

  targets = choose_targets({}, environment_of({}), {}, "host");
  EXPECT_EQ(targets.http.url, "http://127.0.0.1:9742");
  EXPECT_EQ(targets.nats_target.url, "nats://127.0.0.1:4222");
}

TEST_F(EndpointTest, TheFilesTokenGoesToTheFilesServerOnly) {
  Endpoint endpoint;
  endpoint.path = "/run/weir/endpoint";
  endpoint.nats_url = "nats://127.0.0.1:4222";
  endpoint.token_file = write("token", "secret\n");
  Options options;
  EXPECT_EQ(choose_targets(options, environment_of({}), endpoint, "h").nats_target.token, "secret");
  options.nats.url = "nats://elsewhere:4222";
  EXPECT_EQ(choose_targets(options, environment_of({}), endpoint, "h").nats_target.token, "");

  options.nats.url.clear();
  endpoint.token_file = directory_ + "/missing";
  EXPECT_EQ(choose_targets(options, environment_of({}), endpoint, "h").error,
            "cannot read token file " + endpoint.token_file + ": No such file or directory");
}

}  // namespace
}  // namespace weir::ctl
