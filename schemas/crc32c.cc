#include "schemas/crc32c.h"

#include <array>

namespace weir::wire {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

// For half a byte: the client library carries it into every process, so it is to be small.
constexpr std::array<std::uint32_t, 16> make_table() {
  std::array<std::uint32_t, 16> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 4; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    }
    table[i] = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 16> kTable = make_table();

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    crc = (crc >> 4) ^ kTable[crc & 0xf];
    crc = (crc >> 4) ^ kTable[crc & 0xf];
  }
  return ~crc;
}

}  // namespace weir::wire
