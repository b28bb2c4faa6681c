// The body of one scrape, handed out piece by piece, so that no body ever stands in memory whole.
// Single-threaded: only its owner calls it.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

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

// Text. Rendered as it is asked for, into a buffer that the processor's cache holds: a body that is
// kept would cost as much memory as the registry, and be read from there (docs/adr/0012).
class TextPage final : public Page {
 public:
  TextPage(Snapshot snapshot, Format format, const RenderRules& rules)
      : snapshot_(std::move(snapshot)), format_(format), rules_(rules) {}
  [[nodiscard]] std::string_view next() override;
  // The same into a buffer of the caller's.
  void render_next(TextBuffer& out);

 private:
  const Snapshot snapshot_;
  const Format format_;
  const RenderRules rules_;
  TextBuffer out_;
  std::size_t family_ = 0;
  std::size_t block_ = 0;  // within the family; its metadata comes before the first
  bool ended_ = false;
};

// A page whose next pieces are rendered by a thread of its own while the last one is sent: for
// large ones, which spend half of their time in the network's code.
class AheadPage final : public Page {
 public:
  explicit AheadPage(std::unique_ptr<TextPage> page);
  ~AheadPage() override;
  [[nodiscard]] std::string_view next() override;

 private:
  static constexpr std::size_t kBuffers = 3;  // one is being sent, one waits, one is being filled
  void run();

  const std::unique_ptr<TextPage> page_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<TextBuffer, kBuffers> buffers_;
  std::size_t filled_ = 0;  // how many were, so far; the next one is buffers_[filled_ % kBuffers]
  std::size_t taken_ = 0;
  bool ended_ = false;  // the last one that was filled is empty
  bool stopped_ = false;
  std::thread thread_;  // last: it uses all of the above
};

// Text of a snapshot, rendered in the way that its size deserves.
[[nodiscard]] std::unique_ptr<Page> text_page(Snapshot snapshot, Format format,
                                              const RenderRules& rules);

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
