#include "sidecar/registry/row_block.h"

#include <algorithm>

namespace weir::sidecar {
namespace {

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto end = a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<std::size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

}  // namespace

void RowBlock::Reader::make_room(std::string& line, std::size_t at, std::size_t& end,
                                 std::size_t less, std::size_t more) {
  if (end + more > line.size()) {
    line.resize((end + more) * 3 / 2);
  }
  std::memmove(line.data() + at + more, line.data() + at + less, end - at - less);
  end += more;
  end -= less;
}

void RowBlock::append_edit(std::vector<std::uint8_t>& edits, std::size_t kept, std::size_t less,
                           std::string_view more) {
  constexpr std::size_t kBytesMax = 255;
  do {
    const std::size_t now_kept = std::min<std::size_t>(kept, kKeptMax);
    kept -= now_kept;
    const std::size_t now_less = kept > 0 ? 0 : std::min(less, kBytesMax);
    const std::string_view now_more = kept > 0 ? "" : more.substr(0, kBytesMax);
    edits.insert(edits.end(),
                 {static_cast<std::uint8_t>(now_kept), static_cast<std::uint8_t>(now_less),
                  static_cast<std::uint8_t>(now_more.size())});
    edits.insert(edits.end(), now_more.begin(), now_more.end());
    less -= now_less;
    more.remove_prefix(now_more.size());
  } while (kept > 0 || less > 0 || !more.empty());
}

// Where two texts part, the values of a label differ: they meet again at its end. Where they do not
// (other labels), all the rest is put in place of the rest.
std::vector<std::uint8_t> RowBlock::edits_between(std::string_view before, std::string_view text) {
  std::vector<std::uint8_t> edits;
  std::size_t last = 0;  // where the last edit begins
  const auto rest_bytes = text.size() - common_prefix(before, text);
  while (true) {
    const std::size_t kept = common_prefix(before, text);
    before.remove_prefix(kept);
    text.remove_prefix(kept);
    if (before.empty() && text.empty() && !edits.empty()) {
      break;
    }
    std::size_t less = std::min(before.find('"'), before.size());
    std::size_t more = std::min(text.find('"'), text.size());
    while (less > 0 && more > 0 && before[less - 1] == text[more - 1]) {
      --less;
      --more;
    }
    if ((less == 0 && more == 0) || edits.size() > rest_bytes) {
      less = before.size();
      more = text.size();
    }
    last = edits.size();
    append_edit(edits, kept, less, text.substr(0, more));
    before.remove_prefix(less);
    text.remove_prefix(more);
  }
  // One edit may have become several.
  for (std::size_t at = last; at < edits.size(); at += kEditBytes + edits[at + 2]) {
    last = at;
  }
  edits[last] |= kLast;
  return edits;
}

void RowBlock::append(std::uint32_t series, std::string_view labels, std::string_view before) {
  const std::vector<std::uint8_t> edits = edits_between(before, labels);
  texts_.insert(texts_.end(), edits.begin(), edits.end());
  series_.push_back(series);
  text_bytes_ += labels.size();
  if (full()) {  // its size is final now
    texts_.shrink_to_fit();
  }
}

std::string RowBlock::labels(std::size_t row) const {
  std::string text;
  Reader reader(*this);
  for (std::size_t i = 0; i <= row; ++i) {
    reader.next(text);
  }
  return text;
}

const std::string& RowBlock::Cursor::labels(const RowBlock& block, std::size_t row) {
  if (&block != block_ || row + 1 < next_) {
    block_ = &block;
    at_ = block.texts_.data();
    next_ = 0;
    text_.clear();
  }
  Reader reader(at_);
  for (; next_ <= row; ++next_) {
    reader.next(text_);
  }
  at_ = reader.at();
  return text_;
}

std::shared_ptr<RowBlock> RowBlock::copy(std::uint64_t serial) const {
  auto twin = std::make_shared<RowBlock>(*this);
  twin->serial_ = serial;
  twin->frozen_ = false;
  return twin;
}

}  // namespace weir::sidecar
