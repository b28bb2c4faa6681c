// What the engine has to do with the cells directory: files are folded, and some are waited for.
#include <algorithm>

#include "sidecar/engine.h"

namespace weir::sidecar {

bool Engine::fold(std::string_view subject, std::span<const std::vector<std::uint8_t>> parts) {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  return std::all_of(parts.begin(), parts.end(), [&](const std::vector<std::uint8_t>& part) {
    return ingest_.receive(subject, {}, part, now);
  });
}

void Engine::set_cells(const CellsStatus& cells) {
  const std::lock_guard lock(mutex_);
  cells_ = cells;
}

void Engine::watch_cells() {
  const std::lock_guard lock(mutex_);
  directory_.watch_cells();
}

std::vector<wire::InstanceId> Engine::awaited_cells() const {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  return directory_.awaited_cells(now);
}

void Engine::cells_gone(std::span<const wire::InstanceId> ids) {
  const std::int64_t now = clock_();
  const std::lock_guard lock(mutex_);
  directory_.cells_gone(ids, now);
}

}  // namespace weir::sidecar
