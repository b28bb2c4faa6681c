// Request targets: paths, queries, percent-encoding.
#include "sidecar/http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::sidecar::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Request parsed(std::string_view target) {
  Request request;
  EXPECT_TRUE(parse_target(target, request)) << target;
  return request;
}

TEST(MessageTest, PathAndQueryAreDecoded) {
  const Request request = parsed("/a%20b+c?name[]=x%2By&name%5B%5D=z+w&&name=q&empty=&flag#f");
  EXPECT_EQ(request.path, "/a b+c");
  EXPECT_THAT(request.values_of("name"), ElementsAre("x+y", "z w", "q"));
  EXPECT_THAT(request.values_of("empty"), IsEmpty());
  EXPECT_TRUE(request.has("flag"));
  EXPECT_TRUE(request.has("empty"));
  EXPECT_FALSE(request.has("fla"));
  EXPECT_FALSE(request.has("name["));
}

TEST(MessageTest, ProxiesSendTheAbsoluteForm) {
  EXPECT_EQ(parsed("http://h:1/metrics?x=1").path, "/metrics");
  EXPECT_EQ(parsed("http://h").path, "/");
  EXPECT_THAT(parsed("/m?u=http://x/").values_of("u"), ElementsAre("http://x/"));
}

TEST(MessageTest, BrokenTargetsAreRefused) {
  for (const char* target : {"", "x", "*", "/%", "/%1", "/%g0", "/%00", "/?a=%2", "/?%zz=1"}) {
    Request request;
    EXPECT_FALSE(parse_target(target, request)) << target;
  }
}

}  // namespace
}  // namespace weir::sidecar::http
