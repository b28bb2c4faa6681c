// The state directory for real. One sidecar at a time: open() takes a lock on it.
// Thread-compatible: the caller locks.
#pragma once

#include <string>

#include "sidecar/state/storage.h"

namespace weir::sidecar {

class PosixStorage final : public Storage {
 public:
  PosixStorage() = default;
  ~PosixStorage() override;
  PosixStorage(const PosixStorage&) = delete;
  PosixStorage& operator=(const PosixStorage&) = delete;

  // Makes the folder if need be. The reason names it: no right to write, another sidecar.
  Status open(const std::string& folder);

  [[nodiscard]] Result<std::vector<std::string>> list() override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> read(const std::string& name) override;
  [[nodiscard]] Result<std::unique_ptr<File>> create(const std::string& name) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& name) override;
  Status sync_folder() override;

 private:
  std::string folder_;
  int folder_fd_ = -1;
  int lock_fd_ = -1;
};

}  // namespace weir::sidecar
