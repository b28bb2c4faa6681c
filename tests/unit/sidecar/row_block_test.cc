#include "sidecar/registry/row_block.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "sidecar/registry/labels.h"

namespace weir::sidecar {
namespace {

// Every text is what it was, by itself and in a walk through all, behind what else is in the line.
void expect_texts(const std::vector<std::string>& texts) {
  RowBlock block(1);
  std::string before;
  for (std::uint32_t row = 0; row < texts.size(); ++row) {
    block.append(row, texts[row], before);
    before = texts[row];
  }
  RowBlock::Reader reader(block);
  std::string line = "name{";
  const std::size_t begin = line.size();
  std::size_t end = begin;
  for (std::size_t row = 0; row < texts.size(); ++row) {
    reader.next(line, begin, end);
    ASSERT_EQ(line.substr(0, end), "name{" + texts[row]) << "row " << row;
    ASSERT_EQ(block.labels(row), texts[row]) << "row " << row;
  }
  // In any order, and one row twice.
  RowBlock::Cursor cursor;
  for (std::size_t i = 0; i < 3 * texts.size(); ++i) {
    const std::size_t row = i * 5 / 3 % texts.size();
    ASSERT_EQ(cursor.labels(block, row), texts[row]) << "row " << row;
  }
}

TEST(LabelText, IsTakenApartAgain) {
  const std::string value = "a\\b\"c\nd=\",e";
  LabelList labels = {{"zone", "eu"}, {"path", value}, {"last", "\\"}, {"none", ""}};
  const std::string text = canonical_label_text(labels);
  EXPECT_EQ(text, R"(last="\\",path="a\\b\"c\nd=\",e",zone="eu")");
  EXPECT_EQ(value_in_label_text(text, "path"), value);
  EXPECT_EQ(value_in_label_text(text, "last"), "\\");
  EXPECT_EQ(value_in_label_text(text, "zone"), "eu");
  EXPECT_EQ(value_in_label_text(text, "none"), "");
  EXPECT_EQ(value_in_label_text(text, "e"), "");
  EXPECT_EQ(value_in_label_text("", "zone"), "");
  const std::vector<std::pair<std::string, std::string>> apart = {
      {"last", "\\"}, {"path", value}, {"zone", "eu"}};
  EXPECT_EQ(split_label_text(text), apart);
}

TEST(RowBlock, TextsComeBackAsTheyWere) {
  expect_texts({"", "", "a=\"1\"", "a=\"1\"", "a=\"\"", "a=\"22\",b=\"x\"", "a=\"22\"", ""});
  expect_texts({"path=\"/a/1\",zone=\"eu\"", "path=\"/a/2\",zone=\"eu\"", "path=\"/b\",zone=\"us\"",
                "other=\"1\",path=\"/b\",zone=\"us\"", "zone=\"us\""});
  expect_texts({"a=\"\\\"\"", "a=\"\\\"\\\"\"", "a=\"\\\\\"", "a=\"x\\\"y\",b=\"\\\"\""});
  for (const std::size_t bytes : {126u, 127u, 128u, 254u, 255u, 256u, 1000u, 65'000u}) {
    const std::string text = "a=\"" + std::string(bytes, 'x') + "\",b=\"";
    expect_texts({text + "1\"", text + "2\"", "a=\"\",b=\"2\"", text + "3\"",
                  "a=\"" + std::string(bytes, 'y') + "\",b=\"3\""});
  }
}

// Of few letters, so that texts agree here and there, and quotes stand anywhere.
TEST(RowBlock, AnyTextsComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < RowBlock::kRows; ++row) {
      std::string text = random() % 3 == 0 || texts.empty() ? std::string() : texts.back();
      for (std::size_t edits = random() % 4; edits > 0; --edits) {
        const std::size_t at = random() % (text.size() + 1);
        const std::size_t less = random() % (text.size() - at + 1);
        std::string more(random() % (round % 10 == 0 ? 600 : 8), 'a');
        for (char& letter : more) {
          letter = "ab\"="[random() % 4];
        }
        text.replace(at, less, more);
      }
      texts.push_back(text);
    }
    expect_texts(texts);
  }
}

TEST(RowBlock, NeighboursCostWhatTheyDifferIn) {
  RowBlock block(1);
  std::string before;
  for (std::uint32_t row = 0; row < RowBlock::kRows; ++row) {
    const std::string text = "account=\"acct-" + std::to_string(1000 + row) +
                             "\",code=\"200\",method=\"GET\",route=\"/v1/a/" +
                             std::to_string(100 + row) + "\",service_name=\"golden\"";
    block.append(row, text, before);
    before = text;
  }
  EXPECT_LT(block.stored_bytes(), block.text_bytes() / 6);
}

}  // namespace
}  // namespace weir::sidecar
