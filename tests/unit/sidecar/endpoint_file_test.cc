// The file by which clients find their sidecar.
#include "sidecar/nats/endpoint_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace weir::sidecar {
namespace {

class EndpointFileTest : public testing::Test {
 protected:
  EndpointFileTest() {
    std::string name = testing::TempDir() + "weir_endpoint_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  ~EndpointFileTest() override { std::filesystem::remove_all(dir_); }

  std::string dir_;
  Endpoint endpoint_{"nats://127.0.0.1:4222", "web \"1\"\n", "/run/weir/nats.token",
                     "/run/weir/cells", "http://127.0.0.1:9742"};
};

TEST_F(EndpointFileTest, IsJsonThatEveryoneCanReadAndGoesWithItsOwner) {
  const std::string run_dir = dir_ + "/made/on demand";
  {
    EndpointFile file(run_dir);
    ASSERT_TRUE(file.write(endpoint_).ok());
    EXPECT_EQ(file.path(), run_dir + "/endpoint");
    struct stat info {};
    ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0644u);
    std::ifstream stream(file.path());
    const auto json = nlohmann::json::parse(stream);
    EXPECT_EQ(json["url"], endpoint_.url);
    EXPECT_EQ(json["node"], endpoint_.node);
    EXPECT_EQ(json["token_file"], endpoint_.token_file);
    EXPECT_EQ(json["cells_dir"], endpoint_.cells_dir);
    EXPECT_EQ(json["http"], endpoint_.http);
  }
  // Neither the file nor a temporary one is left.
  EXPECT_TRUE(std::filesystem::is_empty(run_dir));
}

TEST_F(EndpointFileTest, AnotherSidecarsFileIsLeftAlone) {
  EndpointFile first(dir_);
  ASSERT_TRUE(first.write(endpoint_).ok());
  EndpointFile second(dir_);
  ASSERT_TRUE(second.write(endpoint_).ok());
  first.remove();
  EXPECT_TRUE(std::filesystem::exists(second.path()));
  second.remove();
  EXPECT_FALSE(std::filesystem::exists(second.path()));
}

TEST_F(EndpointFileTest, AFolderThatCanNotBeMadeIsNamed) {
  std::ofstream(dir_ + "/file") << "x";
  EndpointFile file(dir_ + "/file/weir");
  EXPECT_EQ(file.write(endpoint_).reason(),
            "cannot make the folder " + dir_ + "/file/weir: Not a directory");
}

}  // namespace
}  // namespace weir::sidecar
