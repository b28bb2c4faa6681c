// Where a page's text is put together: grows when it must, is emptied and filled again.
// Single-threaded: only its owner calls it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace weir::sidecar {

class TextBuffer {
 public:
  static constexpr std::size_t kNumberBytesMax = 32;  // of any number as to_chars prints it

  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  // Room for so many more bytes, which the next calls take without a check.
  void reserve(std::size_t more) {
    if (size_ + more > capacity_) [[unlikely]] {
      grow(size_ + more);
    }
  }
  TextBuffer& append(std::string_view text) {
    reserve(text.size());
    return text.empty() ? *this : append_reserved(text);
  }

  // REQUIRES: reserved, and not for nothing: memcpy takes no null, which is what holds no bytes.
  TextBuffer& append_reserved(std::string_view text) {
    std::memcpy(bytes_.get() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  template <typename Number>
  TextBuffer& number_reserved(Number value) {
    char* const at = bytes_.get() + size_;
    size_ += static_cast<std::size_t>(std::to_chars(at, at + kNumberBytesMax, value).ptr - at);
    return *this;
  }

 private:
  void grow(std::size_t least) {
    const std::size_t capacity = std::max(least, capacity_ + capacity_ / 2 + 4096);
    std::unique_ptr<char[]> bytes(new char[capacity]);
    if (size_ > 0) {
      std::memcpy(bytes.get(), bytes_.get(), size_);
    }
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace weir::sidecar
