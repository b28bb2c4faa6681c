// What a client makes of a gzip body: exactly one member, read to its last byte by zlib, which
// checks the sum and the size.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace weir::sidecar::testing_gzip {

inline std::string gunzip(const std::string& member) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 31), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(member.data()));
  stream.avail_in = static_cast<uInt>(member.size());
  std::string text;
  int result = Z_OK;
  while (result == Z_OK) {
    std::string piece(1u << 20, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(piece, 0, piece.size() - stream.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
  return text;
}

}  // namespace weir::sidecar::testing_gzip
