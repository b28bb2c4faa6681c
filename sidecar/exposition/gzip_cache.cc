#include "sidecar/exposition/gzip_cache.h"

#include <zlib.h>

#include <utility>

#include "sidecar/exposition/deflate.h"

namespace weir::sidecar {
namespace {

// Smaller parts compress worse, larger ones are seldom unchanged. 64 lines of a hundred bytes, a
// block's worth, make a part of their own.
constexpr std::size_t kPartTextBytes = 4096;
constexpr std::size_t kPieceBytes = 256u << 10;

class GzipPage final : public Page {
 public:
  GzipPage(GzipCache::Parts parts, std::string tail)
      : parts_(std::move(parts)), tail_(std::move(tail)) {}

  [[nodiscard]] std::string_view next() override {
    out_.clear();
    if (!begun_) {
      out_.append(kGzipHead);
      begun_ = true;
    }
    while (next_part_ < parts_.size() && out_.size() < kPieceBytes) {
      out_.append(parts_[next_part_++]->deflated);
    }
    if (next_part_ == parts_.size()) {
      out_.append(std::exchange(tail_, {}));
    }
    return out_.view();
  }

 private:
  const GzipCache::Parts parts_;
  std::string tail_;
  TextBuffer out_;
  std::size_t next_part_ = 0;
  bool begun_ = false;
};

std::uint64_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace

// Cuts a snapshot into parts, finds those that are known, and makes the others.
class GzipCache::Making {
 public:
  Making(GzipCache& cache, const Snapshot& snapshot, Format format, const RenderRules& rules,
         bool keeps)
      : cache_(cache), snapshot_(snapshot), format_(format), rules_(rules), keeps_(keeps) {}

  void run() {
    for (const Snapshot::Family& family : snapshot_.families) {
      add_metadata(family);
      for (std::size_t i = 0; i < family.blocks; ++i) {
        add_block(family, snapshot_.blocks[family.first_block + i]);
      }
    }
    add_text(end_of_page(format_));
    finish_part();
  }

  [[nodiscard]] std::unique_ptr<Page> page() {
    return std::make_unique<GzipPage>(std::move(parts_), gzip_tail(crc_, text_bytes_));
  }

 private:
  struct Piece {
    const Snapshot::Family* family = nullptr;
    const Snapshot::Block* block = nullptr;  // null: `text`
    std::string text;
  };

  void add_metadata(const Snapshot::Family& family) {
    text_.clear();
    append_metadata(text_, family, format_);
    add_text(text_.view());
  }
  void add_text(std::string_view text) {
    mix(hash_of(text));
    pieces_.push_back({nullptr, nullptr, std::string(text)});
    estimate_ += text.size();
  }
  void add_block(const Snapshot::Family& family, const Snapshot::Block& block) {
    const std::size_t bytes = estimate_bytes(snapshot_, family, block);
    if (bytes >= kPartTextBytes && !pieces_.empty()) {
      finish_part();  // so that a large block is a part of its own
    }
    mix(digest_of(snapshot_, block, has_created(family, format_, rules_)));
    pieces_.push_back({&family, &block, {}});
    estimate_ += bytes;
    if (estimate_ >= kPartTextBytes) {
      finish_part();
    }
  }

  void mix(std::uint64_t digest) {
    digest_ = (digest_ ^ digest) * 0x9e3779b97f4a7c15ull;
    digest_ ^= digest_ >> 32;
  }

  void finish_part() {
    if (pieces_.empty()) {
      return;
    }
    std::shared_ptr<const Part> part;
    if (const auto known = cache_.parts_.find(digest_); known != cache_.parts_.end()) {
      part = known->second.part;
      ++cache_.counts_.reused;
    } else {
      part = compress();
      ++cache_.counts_.compressed;
    }
    if (keeps_) {
      cache_.parts_[digest_] = {part, cache_.pages_};
    }
    crc_ = static_cast<std::uint32_t>(
        ::crc32_combine(crc_, part->crc, static_cast<z_off_t>(part->text_bytes)));
    text_bytes_ += part->text_bytes;
    parts_.push_back(std::move(part));
    pieces_.clear();
    estimate_ = 0;
    digest_ = 0;
  }

  [[nodiscard]] std::shared_ptr<const Part> compress() {
    text_.clear();
    for (const Piece& piece : pieces_) {
      if (piece.block == nullptr) {
        text_.append(piece.text);
      } else {
        append_block(text_, snapshot_, *piece.family, *piece.block,
                     has_created(*piece.family, format_, rules_));
      }
    }
    auto part = std::make_shared<Part>();
    part->deflated = deflate_.part(text_.view());
    part->crc = crc_of(text_.view());
    part->text_bytes = text_.size();
    return part;
  }

  GzipCache& cache_;
  const Snapshot& snapshot_;
  const Format format_;
  const RenderRules rules_;
  const bool keeps_;
  Deflate deflate_;
  TextBuffer text_;

  std::vector<Piece> pieces_;  // of the part that is begun
  std::size_t estimate_ = 0;
  std::uint64_t digest_ = 0;

  Parts parts_;
  std::uint32_t crc_ = 0;
  std::uint64_t text_bytes_ = 0;
};

std::unique_ptr<Page> GzipCache::page(const Snapshot& snapshot, Format format,
                                      const RenderRules& rules, bool all) {
  const std::lock_guard lock(mutex_);
  ++pages_;
  Making making(*this, snapshot, format, rules, all);
  making.run();
  if (all) {
    std::erase_if(parts_, [&](const auto& entry) { return entry.second.page != pages_; });
  }
  return making.page();
}

std::string gzip(std::string_view text) {
  Deflate deflate;
  return std::string(kGzipHead) + deflate.part(text) + gzip_tail(crc_of(text), text.size());
}

}  // namespace weir::sidecar
