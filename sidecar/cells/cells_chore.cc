#include "sidecar/cells/cells_chore.h"

#include <spdlog/spdlog.h>

namespace weir::sidecar {

Status CellsChore::prepare() {
  Status status = directory_.prepare();
  usable_ = status.ok();
  if (usable_) {
    engine_.watch_cells();
  }
  return status;
}

void CellsChore::step(std::int64_t now_unix_ms) {
  if (!usable_) {
    return;
  }
  while (folder_.step(now_unix_ms)) {
  }
  engine_.cells_gone(census_.step(now_unix_ms, [this] { return engine_.awaited_cells(); }));
  const Folder::Counts& counts = folder_.counts();
  engine_.set_cells({counts.folded, counts.refused, counts.last_reason});
}

FoldSink::Outcome CellsChore::fold(std::string_view subject, Frames frames) {
  if (!engine_.fold(subject, frames)) {
    return Outcome::kRefused;
  }
  if (!engine_.commit()) {
    return Outcome::kLater;
  }
  for (const std::vector<std::uint8_t>& frame : frames) {
    publish_(subject, frame);
  }
  return Outcome::kDurable;
}

void CellsChore::folded(const std::string& file, const std::string& service, std::uint32_t pid) {
  spdlog::info("{}/{}: the last totals of {} (pid {}) are merged, it ended without them", path_,
               file, service, pid);
}

void CellsChore::refused(const std::string& file, std::uint32_t owner_uid, const std::string& why) {
  spdlog::warn("{}/{} (owner {}): {}; kept under the name {}.refused", path_, file, owner_uid, why,
               file);
}

}  // namespace weir::sidecar
