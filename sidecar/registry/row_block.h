// Up to 64 series of one family in the order in which a page prints them, with their label texts.
// Neighbours share most of their text, so a text is stored as how it differs from the one before
// it. Thread-compatible: const methods may run together; otherwise the caller locks. What a page
// has seen is never changed again (see `freeze`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sidecar {

class RowBlock {
 public:
  static constexpr std::size_t kRows = 64;

  // `serial`: of all blocks there ever were, this one's alone.
  explicit RowBlock(std::uint64_t serial) : serial_(serial) {}

  [[nodiscard]] std::size_t size() const { return series_.size(); }
  [[nodiscard]] bool full() const { return series_.size() == kRows; }
  [[nodiscard]] std::span<const std::uint32_t> series() const { return series_; }
  [[nodiscard]] std::uint64_t serial() const { return serial_; }
  // Of all its label texts, written out.
  [[nodiscard]] std::size_t text_bytes() const { return text_bytes_; }
  // As they are stored.
  [[nodiscard]] std::size_t stored_bytes() const { return texts_.size(); }

  // `before`: the text of the last row so far. REQUIRES: not full, not frozen.
  void append(std::uint32_t series, std::string_view labels, std::string_view before);
  [[nodiscard]] std::string labels(std::size_t row) const;

  // The texts of some rows, cheap if they ascend. REQUIRES: the block does not change meanwhile.
  class Cursor {
   public:
    [[nodiscard]] const std::string& labels(const RowBlock& block, std::size_t row);

   private:
    const RowBlock* block_ = nullptr;
    const std::uint8_t* at_ = nullptr;
    std::size_t next_ = 0;
    std::string text_;
  };

  // A page refers to it from now on: to change it, take a copy.
  void freeze() { frozen_ = true; }
  [[nodiscard]] bool frozen() const { return frozen_; }
  [[nodiscard]] std::shared_ptr<RowBlock> copy(std::uint64_t serial) const;

  // Walks the texts from the first row on.
  class Reader {
   public:
    explicit Reader(const RowBlock& block) : at_(block.texts_.data()) {}
    // Where one that has read some texts stands, and there again.
    explicit Reader(const std::uint8_t* at) : at_(at) {}
    [[nodiscard]] const std::uint8_t* at() const { return at_; }
    // Turns the text of the row before into the next one's, where it stands: in `line` from `begin`
    // up to `end`, which moves. `line` grows when it must. REQUIRES: there is one more row; before
    // the first one the text is empty.
    void next(std::string& line, std::size_t begin, std::size_t& end) {
      std::size_t to = begin;
      std::uint8_t head = 0;
      do {
        head = at_[0];
        const std::size_t less = at_[1], more = at_[2];
        to += head & kKeptMax;
        if (less != more) {
          make_room(line, to, end, less, more);
        }
        std::memcpy(line.data() + to, at_ + kEditBytes, more);
        to += more;
        at_ += kEditBytes + more;
      } while ((head & kLast) == 0);
    }
    // The same for a text by itself.
    void next(std::string& text) {
      std::size_t end = text.size();
      next(text, 0, end);
      text.resize(end);
    }

   private:
    static void make_room(std::string& line, std::size_t at, std::size_t& end, std::size_t less,
                          std::size_t more);
    const std::uint8_t* at_;
  };

 private:
  // An edit of the text before: keep so many bytes (and whether it is the row's last edit), then
  // put so many in place of so many, which follow. After the last one all is kept.
  static constexpr std::uint8_t kLast = 0x80;
  static constexpr std::uint8_t kKeptMax = 0x7f;
  static constexpr std::size_t kEditBytes = 3;
  static void append_edit(std::vector<std::uint8_t>& edits, std::size_t kept, std::size_t less,
                          std::string_view more);
  static std::vector<std::uint8_t> edits_between(std::string_view before, std::string_view text);

  std::vector<std::uint32_t> series_;
  std::vector<std::uint8_t> texts_;  // for each row its edits
  std::size_t text_bytes_ = 0;
  std::uint64_t serial_;
  bool frozen_ = false;
};

}  // namespace weir::sidecar
