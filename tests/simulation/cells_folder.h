// The cells directory of the node: real files, which the publishers' registries make in memory, and
// the truth about who lives, where a real one asks for locks. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sidecar/cells/cells_directory.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/publisher.h"

namespace weir::simulation {

class CellsFolder final : public sidecar::CellsDirectory {
 public:
  using Publishers = std::vector<std::unique_ptr<Publisher>>;

  // Files of this process, in a tmpfs if there is one; gone with delete_folder().
  [[nodiscard]] static const std::string& folder();
  static void delete_folder();

  // A kill of the sidecar may come at what it does here, too.
  CellsFolder(std::size_t side, Disk& disk, const Publishers& publishers, Trace& trace)
      : side_(side), disk_(disk), publishers_(publishers), trace_(trace) {}

  [[nodiscard]] Result<std::vector<Abandoned>> abandoned(std::int64_t now_unix_ms) override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> read(const std::string& name,
                                                       std::uint64_t bytes_max) override;
  [[nodiscard]] Result<std::vector<std::string>> standing() override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> read_part(const std::string& name,
                                                            std::uint64_t offset,
                                                            std::size_t bytes_max) override;
  Status remove(const std::string& name) override;
  // None of them may be refused: throws a Violation.
  Status set_aside(const std::string& name) override;

 private:
  [[nodiscard]] Publisher& owner_of(const std::string& name) const;

  const std::size_t side_;  // which sidecar's view it is
  Disk& disk_;
  const Publishers& publishers_;
  Trace& trace_;
};

}  // namespace weir::simulation
