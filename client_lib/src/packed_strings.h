// A few short strings in one allocation: the label values of a series. An immutable value type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace weir {

class PackedStrings {
 public:
  PackedStrings() = default;
  // REQUIRES: fewer than 2^16 strings, each shorter than 2^16 bytes.
  explicit PackedStrings(std::span<const std::string_view> strings)
      : count_(static_cast<std::uint16_t>(strings.size())) {
    std::size_t bytes = strings.size() * sizeof(std::uint16_t);
    for (const std::string_view string : strings) {
      bytes += string.size();
    }
    data_ = std::make_unique<char[]>(bytes);
    char* end = data_.get() + strings.size() * sizeof(std::uint16_t);
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const auto length = static_cast<std::uint16_t>(strings[i].size());
      std::memcpy(data_.get() + i * sizeof length, &length, sizeof length);
      end = std::copy(strings[i].begin(), strings[i].end(), end);
    }
  }

  [[nodiscard]] std::size_t size() const { return count_; }

  // Calls visit(std::string_view) for each, in order.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    const char* text = data_.get() + count_ * sizeof(std::uint16_t);
    for (std::size_t i = 0; i < count_; ++i) {
      visit(std::string_view(text, length(i)));
      text += length(i);
    }
  }

  [[nodiscard]] bool operator==(std::span<const std::string_view> strings) const {
    if (strings.size() != count_) {
      return false;
    }
    const char* text = data_.get() + count_ * sizeof(std::uint16_t);
    for (std::size_t i = 0; i < count_; ++i) {
      if (std::string_view(text, length(i)) != strings[i]) {
        return false;
      }
      text += length(i);
    }
    return true;
  }

 private:
  [[nodiscard]] std::size_t length(std::size_t i) const {
    std::uint16_t value;
    std::memcpy(&value, data_.get() + i * sizeof value, sizeof value);
    return value;
  }

  std::uint16_t count_ = 0;
  std::unique_ptr<char[]> data_;  // the lengths, then the text
};

}  // namespace weir
