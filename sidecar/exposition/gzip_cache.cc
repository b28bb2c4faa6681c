#include "sidecar/exposition/gzip_cache.h"

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "sidecar/exposition/deflate.h"
#include "sidecar/exposition/two_threads.h"

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
  Making(GzipCache& cache, const Snapshot& snapshot, Format format, const RenderRules& rules)
      : cache_(cache), snapshot_(snapshot), format_(format), rules_(rules) {}

  // `only`: the cache forgets the parts that this page does not have, before it makes new ones:
  // both together would be twice as many.
  void run(bool only) {
    for (const Snapshot::Family& family : snapshot_.families) {
      add_metadata(family);
      for (std::size_t i = 0; i < family.blocks; ++i) {
        add_block(family, snapshot_.blocks[family.first_block + i]);
      }
    }
    add_text(end_of_page(format_));
    finish_part();
    if (only) {
      std::erase_if(cache_.parts_,
                    [&](const auto& entry) { return entry.second.page != cache_.pages_; });
    }
    compress_unknown();
  }

  void keep() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      cache_.parts_[digests_[i]] = {parts_[i], cache_.pages_};
    }
  }

  [[nodiscard]] std::unique_ptr<Page> page() {
    std::uint32_t crc = 0;
    std::uint64_t text_bytes = 0;
    for (const std::shared_ptr<const Part>& part : parts_) {
      crc = static_cast<std::uint32_t>(
          ::crc32_combine(crc, part->crc, static_cast<z_off_t>(part->text_bytes)));
      text_bytes += part->text_bytes;
    }
    return std::make_unique<GzipPage>(std::move(parts_), gzip_tail(crc, text_bytes));
  }

 private:
  struct Piece {
    const Snapshot::Family* family = nullptr;
    const Snapshot::Block* block = nullptr;  // null: `text`
    std::string text;
  };
  // A part that is not known: its place on the page, and its pieces.
  struct Unknown {
    std::size_t at;
    std::size_t first_piece, end_piece;
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
    if (bytes >= kPartTextBytes) {
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
    if (pieces_.size() == first_piece_) {
      return;
    }
    if (const auto known = cache_.parts_.find(digest_); known != cache_.parts_.end()) {
      parts_.push_back(known->second.part);
      known->second.page = cache_.pages_;
      pieces_.resize(first_piece_);
    } else {
      unknown_.push_back({parts_.size(), first_piece_, pieces_.size()});
      parts_.emplace_back();
    }
    digests_.push_back(digest_);
    first_piece_ = pieces_.size();
    estimate_ = 0;
    digest_ = 0;
  }

  // Many of them on two processors.
  void compress_unknown() {
    cache_.counts_.reused += parts_.size() - unknown_.size();
    cache_.counts_.compressed += unknown_.size();
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      Deflate deflate;
      TextBuffer text;
      // Neighbours are much alike, and share a code.
      constexpr std::size_t kTogether = Deflate::kPartsOfOneCode;
      for (std::size_t i = 0; (i = next.fetch_add(kTogether)) < unknown_.size();) {
        for (const std::size_t end = std::min(i + kTogether, unknown_.size()); i < end; ++i) {
          parts_[unknown_[i].at] = compress(unknown_[i], deflate, text);
        }
      }
    };
    if (unknown_.size() > Deflate::kPartsOfOneCode) {
      on_two_threads(work, work);
    } else {
      work();
    }
  }

  [[nodiscard]] std::shared_ptr<const Part> compress(const Unknown& unknown, Deflate& deflate,
                                                     TextBuffer& text) const {
    text.clear();
    for (std::size_t i = unknown.first_piece; i < unknown.end_piece; ++i) {
      const Piece& piece = pieces_[i];
      if (piece.block == nullptr) {
        text.append(piece.text);
      } else {
        append_block(text, snapshot_, *piece.family, *piece.block,
                     has_created(*piece.family, format_, rules_));
      }
    }
    auto part = std::make_shared<Part>();
    part->deflated = deflate.part(text.view());
    part->crc = crc_of(text.view());
    part->text_bytes = text.size();
    return part;
  }

  GzipCache& cache_;
  const Snapshot& snapshot_;
  const Format format_;
  const RenderRules rules_;
  TextBuffer text_;

  std::vector<Piece> pieces_;  // of the parts that are not known, and of the one that is begun
  std::size_t first_piece_ = 0;
  std::size_t estimate_ = 0;
  std::uint64_t digest_ = 0;

  Parts parts_;
  std::vector<std::uint64_t> digests_;  // of each
  std::vector<Unknown> unknown_;
};

std::unique_ptr<Page> GzipCache::page(const Snapshot& snapshot, Format format,
                                      const RenderRules& rules, bool all) {
  const std::lock_guard lock(mutex_);
  ++pages_;
  Making making(*this, snapshot, format, rules);
  making.run(all);
  if (all) {
    making.keep();
  }
  return making.page();
}

std::string gzip(std::string_view text) {
  Deflate deflate;
  return std::string(kGzipHead) + deflate.part(text) + gzip_tail(crc_of(text), text.size());
}

}  // namespace weir::sidecar
