// Compression by ISA-L: the parts of a gzip member. The codes are made of a sample of the text now
// and then, not for each part: so a small part costs a third of what ISA-L's level 1 takes for it
// (docs/adr/0012). Thread-compatible: each object for one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::sidecar {

class Deflate {
 public:
  static constexpr std::uint64_t kPartsOfOneCode = 256;  // those that follow one another are alike

  Deflate();
  ~Deflate();
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  // Ends at a byte, with a full flush: what follows refers to nothing in it.
  [[nodiscard]] std::string part(std::string_view text);

 private:
  void learn(std::string_view text);

  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::uint64_t parts_ = 0;
  std::string out_;
};

[[nodiscard]] std::uint32_t crc_of(std::string_view text);

// The frame around the parts.
inline constexpr std::string_view kGzipHead{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10};
// After the last part: an empty last block, the text's checksum and size.
[[nodiscard]] std::string gzip_tail(std::uint32_t crc, std::uint64_t text_bytes);

}  // namespace weir::sidecar
