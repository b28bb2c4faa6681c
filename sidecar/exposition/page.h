// The body of one scrape, handed out piece by piece, so that no body ever stands in memory whole.
// Single-threaded: only its owner calls it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/exposition/render.h"

namespace weir::sidecar {

class Page {
 public:
  virtual ~Page() = default;
  // The next piece, valid until the next call; empty: that was all.
  [[nodiscard]] virtual std::string_view next() = 0;
};

// All that is left of it.
[[nodiscard]] std::string whole(Page& page);

// Text. Rendered as it is asked for, into a buffer that the processor's cache holds: to do so takes
// less time than to read a body from memory (docs/adr/0012).
class TextPage final : public Page {
 public:
  TextPage(Snapshot snapshot, Format format, const RenderRules& rules)
      : snapshot_(std::move(snapshot)), format_(format), rules_(rules) {}
  [[nodiscard]] std::string_view next() override;

 private:
  const Snapshot snapshot_;
  const Format format_;
  const RenderRules rules_;
  TextBuffer out_;
  std::size_t family_ = 0;
  std::size_t block_ = 0;  // within the family; its metadata comes before the first
  bool ended_ = false;
};

// A text that stands in memory already.
class WholePage final : public Page {
 public:
  explicit WholePage(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::string_view next() override {
    const std::string_view all = given_ ? std::string_view() : std::string_view(text_);
    given_ = true;
    return all;
  }

 private:
  const std::string text_;
  bool given_ = false;
};

}  // namespace weir::sidecar
