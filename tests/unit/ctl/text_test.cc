#include "ctl/text.h"

#include <gtest/gtest.h>

namespace weir::ctl {
namespace {

TEST(TextTest, AgesAreShort) {
  constexpr std::int64_t kNow = 1'800'000'000'000;
  EXPECT_EQ(age(0, kNow), "-");
  EXPECT_EQ(age(kNow + 5000, kNow), "0s");
  EXPECT_EQ(age(kNow - 59'999, kNow), "59s");
  EXPECT_EQ(age(kNow - 192'000, kNow), "3m12s");
  EXPECT_EQ(age(kNow - (5 * 3600 + 2 * 60) * 1000, kNow), "5h02m");
  EXPECT_EQ(age(kNow - (9 * 24 + 4) * 3600LL * 1000, kNow), "9d04h");
}

TEST(TextTest, ColumnsAlignByCodePoints) {
  EXPECT_EQ(table({"A", "B", "C"}, {{"long", "1", "x y"}, {"\xc3\xa9", "22", ""}}),
            "A     B   C\n"
            "long  1   x y\n"
            "\xc3\xa9     22  \n");
}

TEST(TextTest, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
}

TEST(TextTest, CountsTakeTheirPlural) {
  EXPECT_EQ(count_of(1, "publisher", "publishers"), "1 publisher");
  EXPECT_EQ(count_of(2, "publisher", "publishers"), "2 publishers");
}

}  // namespace
}  // namespace weir::ctl
