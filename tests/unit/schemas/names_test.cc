#include "schemas/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "schemas/subjects.h"

namespace weir::wire {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(Names, MetricNamesOfPrometheusAreTaken) {
  for (const char* name : {"a", "http_requests_total", "job:rate:sum", "_x9", "__test"}) {
    EXPECT_THAT(why_bad_metric_name(name), IsEmpty()) << name;
  }
}

TEST(Names, OthersAreRefusedWithTheReason) {
  EXPECT_THAT(why_bad_metric_name(""), HasSubstr("empty"));
  EXPECT_THAT(why_bad_metric_name("123test"), HasSubstr("digit"));
  EXPECT_THAT(why_bad_metric_name("test$name"), HasSubstr("[a-zA-Z0-9_:]"));
  EXPECT_THAT(why_bad_metric_name(std::string(257, 'a')), HasSubstr("limit is 256"));
  EXPECT_THAT(why_bad_label_name("a:b"), HasSubstr("a:b"));
  EXPECT_THAT(why_bad_label_name("__name"), HasSubstr("Prometheus"));
  EXPECT_THAT(why_bad_label_name("le"), HasSubstr("reserved"));
  EXPECT_THAT(why_bad_label_name("service_name"), HasSubstr("Weir"));
}

TEST(Names, AReasonShowsNoControlCharacters) {
  EXPECT_THAT(why_bad_metric_name("a\x1b[31m"), testing::Not(HasSubstr("\x1b")));
}

TEST(Names, Utf8IsCheckedToTheLetter) {
  EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // past U+10FFFF
  EXPECT_FALSE(is_utf8("\xe2\x82"));          // cut off
}

TEST(Names, BoundsMustRiseAndBeFinite) {
  EXPECT_THAT(why_bad_bounds(std::array{-1.0, 0.0, 2.5}), IsEmpty());
  EXPECT_THAT(why_bad_bounds({}), HasSubstr("at least one"));
  EXPECT_THAT(why_bad_bounds(std::array{1.0, 1.0}), HasSubstr("number 1"));
  EXPECT_THAT(why_bad_bounds(std::array{1.0, HUGE_VAL}), HasSubstr("+Inf is implied"));
  EXPECT_THAT(why_bad_bounds(std::vector<double>(kBucketsMax + 1)), HasSubstr("limit"));
}

TEST(Subjects, AnyNameBecomesOneTokenAndBack) {
  for (const std::string name :
       {"web-1", "web-1.example.com", "a b*>", "\xe2\x82\xac", "%41", ""}) {
    const std::string token = encode_token(name);
    EXPECT_EQ(token.find_first_of(".*> "), std::string::npos) << token;
    EXPECT_EQ(decode_token(token), name);
  }
  EXPECT_EQ(encode_token("web-1.example.com"), "web-1%2Eexample%2Ecom");
}

TEST(Subjects, ATokenThatNobodyEncodesIsRefused) {
  for (const char* token : {"a%2", "%zz", "%2e", "%41", "a.b", "a%"}) {
    EXPECT_FALSE(decode_token(token)) << token;
  }
}

TEST(Subjects, APublishersSubjectNamesItWhole) {
  const Subjects subjects{"weir"};
  const InstanceId id{0xabc, 0xdef};
  const std::string subject = subjects.publish("web-1.example.com", "shop", id);
  EXPECT_EQ(subject, "weir.v1.pub.web-1%2Eexample%2Ecom.shop.0000000000000abc0000000000000def");
  const auto publisher = subjects.parse_publish(subject);
  ASSERT_TRUE(publisher);
  EXPECT_EQ(publisher->node, "web-1.example.com");
  EXPECT_EQ(publisher->service, "shop");
  EXPECT_EQ(publisher->instance, id);
}

TEST(Subjects, ForeignSubjectsAreNoPublishers) {
  const Subjects subjects{"weir"};
  for (const char* subject :
       {"weir.v1.pub.a.b", "weir.v1.pub.a.b.zz", "other.v1.pub.a.b.00", "weir.v1.pub.",
        "weir.v1.pub.a.b.0000000000000abc0000000000000def.x"}) {
    EXPECT_FALSE(subjects.parse_publish(subject)) << subject;
  }
}

TEST(InstanceIds, AreRandomAndPrintAsHexadecimal) {
  const InstanceId id = InstanceId::random();
  EXPECT_NE(id, InstanceId::random());
  EXPECT_EQ(InstanceId::parse(id.to_string()), id);
  EXPECT_FALSE(InstanceId::parse("0000000000000ABC0000000000000def"));
  EXPECT_FALSE(InstanceId::parse("abc"));
}

}  // namespace
}  // namespace weir::wire
