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
  render_next(out_);
  return out_.view();
}

void TextPage::render_next(TextBuffer& out) {
  out.clear();
  while (family_ < snapshot_.families.size() && out.size() < kPieceBytes) {
    const Snapshot::Family& family = snapshot_.families[family_];
    if (block_ == 0) {
      append_metadata(out, family, format_);
    }
    append_block(out, snapshot_, family, snapshot_.blocks[family.first_block + block_],
                 has_created(family, format_, rules_));
    if (++block_ == family.blocks) {
      block_ = 0;
      ++family_;
    }
  }
  if (family_ == snapshot_.families.size() && !ended_) {
    ended_ = true;
    out.append(end_of_page(format_));
  }
}

AheadPage::AheadPage(std::unique_ptr<TextPage> page)
    : page_(std::move(page)), thread_([this] { run(); }) {}

AheadPage::~AheadPage() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void AheadPage::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    // The buffer before the one that is taken next may still be looked at.
    changed_.wait(lock, [this] { return stopped_ || filled_ + 1 < taken_ + kBuffers; });
    if (stopped_) {
      return;
    }
    TextBuffer& buffer = buffers_[filled_ % kBuffers];
    lock.unlock();
    page_->render_next(buffer);
    lock.lock();
    ++filled_;
    ended_ = buffer.size() == 0;
    lock.unlock();
    changed_.notify_all();
    if (ended_) {
      return;
    }
  }
}

std::string_view AheadPage::next() {
  std::unique_lock lock(mutex_);
  if (ended_ && taken_ == filled_) {
    return {};
  }
  changed_.wait(lock, [this] { return taken_ < filled_; });
  const std::string_view piece = buffers_[taken_ % kBuffers].view();
  ++taken_;
  lock.unlock();
  changed_.notify_all();
  return piece;
}

std::unique_ptr<Page> text_page(Snapshot snapshot, Format format, const RenderRules& rules) {
  constexpr std::size_t kLargeRows = 50'000;
  const bool large = snapshot.kinds.size() >= kLargeRows;
  auto page = std::make_unique<TextPage>(std::move(snapshot), format, rules);
  if (large) {
    return std::make_unique<AheadPage>(std::move(page));
  }
  return page;
}

}  // namespace weir::sidecar
