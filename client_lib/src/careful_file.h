// File operations that end in an answer, where the plain ones end in a signal or in half of what
// was asked for. Thread-safe: any function from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::cells {

// Empty if its pages are memory, or that is unknown. On a disk, write-back stalls the stores to
// them.
[[nodiscard]] std::string disk_file_system_of(int file);

// posix_fallocate, or EFBIG: beyond the limit of file sizes it is a deadly signal. 0, or the error.
[[nodiscard]] int allocate(int file, std::uint64_t offset, std::uint64_t bytes) noexcept;

// All of it, or false with errno.
[[nodiscard]] bool write_at(int file, std::uint64_t offset, const void* bytes,
                            std::size_t count) noexcept;

}  // namespace weir::cells
