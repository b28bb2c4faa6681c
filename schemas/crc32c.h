// CRC-32C (Castagnoli, as of iSCSI, RFC 3720 appendix B.4): tells bytes that were torn or changed
// on their way through a file. No protection against who means harm. Thread-safe: a pure function.
#pragma once

#include <cstdint>
#include <span>

namespace weir::wire {

// `crc`: that of the bytes before, to go on from there.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t crc = 0);

}  // namespace weir::wire
