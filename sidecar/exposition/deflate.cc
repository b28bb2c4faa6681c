#include "sidecar/exposition/deflate.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <new>
#include <vector>

namespace weir::sidecar {
namespace {

// What deflate adds to a text that it can not compress: a few bytes for each stored block of 64
// KiB, and the flush.
std::size_t bytes_max(std::size_t text_bytes) {
  return text_bytes + text_bytes / 1024 + 1024;
}

}  // namespace

struct Deflate::Stream {
  isal_zstream zstream{};
  isal_hufftables codes{};
};

Deflate::Deflate() : stream_(std::make_unique<Stream>()) {}
Deflate::~Deflate() = default;

void Deflate::learn(std::string_view text) {
  constexpr std::size_t kSampleBytes = 32u << 10;
  isal_huff_histogram histogram{};
  const std::string_view sample = text.substr(0, kSampleBytes);
  isal_update_histogram(reinterpret_cast<std::uint8_t*>(const_cast<char*>(sample.data())),
                        static_cast<int>(sample.size()), &histogram);
  isal_create_hufftables(&stream_->codes, &histogram);
}

std::string Deflate::part(std::string_view text) {
  if (parts_++ % kPartsOfOneCode == 0) {
    learn(text);
  }
  isal_zstream& zstream = stream_->zstream;
  isal_deflate_stateless_init(&zstream);
  isal_deflate_set_hufftables(&zstream, &stream_->codes, IGZIP_HUFFTABLE_CUSTOM);
  zstream.gzip_flag = IGZIP_DEFLATE;
  zstream.flush = FULL_FLUSH;
  zstream.end_of_stream = 0;
  out_.resize(std::max(out_.size(), bytes_max(text.size())));
  zstream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  zstream.avail_in = static_cast<std::uint32_t>(text.size());
  zstream.next_out = reinterpret_cast<std::uint8_t*>(out_.data());
  zstream.avail_out = static_cast<std::uint32_t>(out_.size());
  if (isal_deflate_stateless(&zstream) != COMP_OK || zstream.avail_in != 0) {
    throw std::bad_alloc();  // the room was reckoned too small
  }
  return out_.substr(0, out_.size() - zstream.avail_out);
}

std::uint32_t crc_of(std::string_view text) {
  return crc32_gzip_refl(0, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string gzip_tail(std::uint32_t crc, std::uint64_t text_bytes) {
  std::string tail{"\x03\x00", 2};
  for (const auto number : {crc, static_cast<std::uint32_t>(text_bytes)}) {
    for (int shift = 0; shift < 32; shift += 8) {
      tail.push_back(static_cast<char>((number >> shift) & 0xff));
    }
  }
  return tail;
}

}  // namespace weir::sidecar
