#include "sidecar/exposition/page.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kPieceBytes = 256u << 10;

}  // namespace

std::string whole(Page& page) {
  std::string text;
  for (std::string_view piece = page.next(); !piece.empty(); piece = page.next()) {
    text += piece;
  }
  return text;
}

std::string_view TextPage::next() {
  out_.clear();
  while (family_ < snapshot_.families.size() && out_.size() < kPieceBytes) {
    const Snapshot::Family& family = snapshot_.families[family_];
    if (block_ == 0) {
      append_metadata(out_, family, format_);
    }
    append_block(out_, snapshot_, family, snapshot_.blocks[family.first_block + block_],
                 has_created(family, format_, rules_));
    if (++block_ == family.blocks) {
      block_ = 0;
      ++family_;
    }
  }
  if (family_ == snapshot_.families.size() && !ended_) {
    ended_ = true;
    out_.append(end_of_page(format_));
  }
  return out_.view();
}

}  // namespace weir::sidecar
