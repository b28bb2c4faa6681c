// The file of what must not wait for the next checkpoint. A life of the sidecar, and each
// checkpoint, begins a new one: nothing is appended behind a torn tail, and what a checkpoint holds
// can be dropped as a whole. Thread-compatible: the caller locks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sidecar/state/record.h"
#include "sidecar/state/storage.h"

namespace weir::sidecar {

class Journal {
 public:
  // `like`: node and boot id of its heads.
  Journal(Storage& storage, FileHead like) : storage_(storage), head_(std::move(like)) {}

  Status begin(std::uint32_t number);
  Status append(std::span<const std::uint8_t> records);
  // What append() wrote to; it may be synced while others append. Null before begin().
  [[nodiscard]] std::shared_ptr<Storage::File> file() const { return file_; }

  [[nodiscard]] std::uint32_t number() const { return head_.number; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of this file, behind its head

  [[nodiscard]] static std::string name_of(std::uint32_t number);
  // The number in such a name; false if it is none.
  [[nodiscard]] static bool parse_name(const std::string& name, std::uint32_t& number);

 private:
  Storage& storage_;
  FileHead head_;
  std::shared_ptr<Storage::File> file_;
  std::uint64_t bytes_ = 0;
};

// "<stem>-00000012" and back.
[[nodiscard]] std::string numbered_name(const std::string& stem, std::uint32_t number);
[[nodiscard]] bool parse_numbered_name(const std::string& name, const std::string& stem,
                                       std::uint32_t& number);

}  // namespace weir::sidecar
