#include "sidecar/registry/row_block.h"

#include <algorithm>

namespace weir::sidecar {
namespace {

constexpr std::size_t kSharedMax = 255;

}  // namespace

void RowBlock::append(std::uint32_t series, std::string_view labels, std::string_view before) {
  const std::size_t common_max = std::min({kSharedMax, labels.size(), before.size()});
  const auto shared = static_cast<std::size_t>(
      std::mismatch(labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(common_max),
                    before.begin())
          .first -
      labels.begin());
  const std::size_t rest = labels.size() - shared;
  texts_.push_back(static_cast<std::uint8_t>(shared));
  texts_.push_back(static_cast<std::uint8_t>(rest & 0xff));
  texts_.push_back(static_cast<std::uint8_t>(rest >> 8));
  texts_.insert(texts_.end(), labels.begin() + static_cast<std::ptrdiff_t>(shared), labels.end());
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

std::shared_ptr<RowBlock> RowBlock::copy(std::uint64_t serial) const {
  auto twin = std::make_shared<RowBlock>(*this);
  twin->serial_ = serial;
  twin->frozen_ = false;
  return twin;
}

}  // namespace weir::sidecar
