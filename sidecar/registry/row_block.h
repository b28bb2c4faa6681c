// Up to 64 series of one family in the order in which a page prints them, with their label texts.
// Neighbours share most of their text, so a text is stored as what it has in common with the one
// before it, and the rest. Thread-compatible: const methods may run together; otherwise the caller
// locks. What a page has seen is never changed again (see `freeze`).
#pragma once

#include <cstddef>
#include <cstdint>
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

  // `before`: the text of the last row so far. REQUIRES: not full, not frozen.
  void append(std::uint32_t series, std::string_view labels, std::string_view before);
  [[nodiscard]] std::string labels(std::size_t row) const;

  // A page refers to it from now on: to change it, take a copy.
  void freeze() { frozen_ = true; }
  [[nodiscard]] bool frozen() const { return frozen_; }
  [[nodiscard]] std::shared_ptr<RowBlock> copy(std::uint64_t serial) const;

  // Walks the texts from the first row on.
  class Reader {
   public:
    explicit Reader(const RowBlock& block) : at_(block.texts_.data()) {}
    // The next row's text: so many bytes of the row before, then these.
    struct Row {
      std::size_t shared;
      std::string_view rest;
    };
    // REQUIRES: there is one more row.
    Row next() {
      const std::size_t bytes = at_[1] | static_cast<std::size_t>(at_[2]) << 8;
      const Row row{at_[0], {reinterpret_cast<const char*>(at_ + 3), bytes}};
      at_ += 3 + bytes;
      return row;
    }
    // The same, written out. REQUIRES: `text` is that of the row before.
    void next(std::string& text) {
      const Row row = next();
      text.resize(row.shared);
      text += row.rest;
    }

   private:
    const std::uint8_t* at_;
  };

 private:
  std::vector<std::uint32_t> series_;
  // For each row: how many bytes it shares with the row before, 255 at most (u8), how many follow
  // (u16, little-endian), and these.
  std::vector<std::uint8_t> texts_;
  std::size_t text_bytes_ = 0;
  std::uint64_t serial_;
  bool frozen_ = false;
};

}  // namespace weir::sidecar
