// Looks up whose cells files are gone, of those whom the engine keeps for their file alone: silent
// or ended instances, of which a file that stands may say more one day. Files are read while their
// owners live and write. Single-threaded: only the thread that owns it calls it. One block of one
// file at a time is in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "schemas/instance_id.h"
#include "schemas/limits.h"
#include "sidecar/cells/cells_directory.h"
#include "weir/status.h"

namespace weir::sidecar {

struct CensusRules {
  std::int64_t every_ms = 60'000;
  std::size_t files_per_step_max = 64;  // the next step goes on
  wire::Limits limits;
};

class Census {
 public:
  using Ids = std::vector<wire::InstanceId>;
  using Awaited = std::function<Ids()>;

  explicit Census(CellsDirectory& directory, CensusRules rules = {})
      : directory_(directory), rules_(std::move(rules)) {}

  // A part of a census, if one is due or under way. Answers who of those that `awaited` named when
  // it began has no file here; nobody before all files were read, nor if one of them could not be.
  [[nodiscard]] Ids step(std::int64_t now_unix_ms, const Awaited& awaited);

 private:
  [[nodiscard]] Status begin(const Awaited& awaited);
  // Whose totals the file holds; nothing: nobody's that could be folded.
  [[nodiscard]] Result<std::optional<wire::InstanceId>> owner_of(const std::string& name);
  [[nodiscard]] Result<std::vector<std::uint32_t>> log_blocks_of(const std::string& name);
  [[nodiscard]] std::optional<wire::InstanceId> last_named_in(
      std::span<const std::uint8_t> block) const;

  CellsDirectory& directory_;
  const CensusRules rules_;
  std::int64_t due_unix_ms_ = 0;
  std::set<wire::InstanceId> missing_;  // of those awaited; empty: none is under way
  std::vector<std::string> unread_;
};

}  // namespace weir::sidecar
