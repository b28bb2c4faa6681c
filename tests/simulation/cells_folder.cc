#include "tests/simulation/cells_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "schemas/mutant.h"
#include "tests/simulation/violation.h"

namespace weir::simulation {
namespace {

// A directory that shows files whose lock is not taken yet: of a publisher that has just begun.
bool is_seen_too_early(const Publisher& publisher) {
  return mutant::lacks(mutant::Rule::kVisibleOnceLocked) && !publisher.has_run();
}

}  // namespace

const std::string& CellsFolder::folder() {
  static std::string path;
  static pid_t of = 0;
  if (of != ::getpid()) {  // each process of a search has its own
    of = ::getpid();
    path = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    path += "/weir-simulation-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      std::abort();
    }
  }
  return path;
}

void CellsFolder::delete_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder(), ignored);
}

Publisher& CellsFolder::owner_of(const std::string& name) const {
  return *publishers_[static_cast<std::size_t>(std::stoul(name.substr(1)))];
}

Result<std::vector<sidecar::CellsDirectory::Abandoned>> CellsFolder::abandoned(std::int64_t) {
  std::vector<Abandoned> found;
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    if (!publisher->cells_file().empty() &&
        (!publisher->alive() || is_seen_too_early(*publisher))) {
      found.push_back({publisher->name(), 0, 0, {}});
    }
  }
  return found;
}

Result<std::vector<std::uint8_t>> CellsFolder::read(const std::string& name, std::uint64_t) {
  disk_.operation("read", name + "'s cells file");
  Publisher& publisher = owner_of(name);
  publisher.account().reached_all();
  std::ifstream file(publisher.cells_file(), std::ios::binary);
  return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file),
                                   std::istreambuf_iterator<char>());
}

Result<std::vector<std::string>> CellsFolder::standing() {
  std::vector<std::string> names;
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    if (!publisher->cells_file().empty()) {
      names.push_back(publisher->name());
    }
  }
  return names;
}

Result<std::vector<std::uint8_t>> CellsFolder::read_part(const std::string& name,
                                                         std::uint64_t offset,
                                                         std::size_t bytes_max) {
  std::ifstream file(owner_of(name).cells_file(), std::ios::binary);
  std::vector<std::uint8_t> bytes(bytes_max);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

Status CellsFolder::remove(const std::string& name) {
  Publisher& publisher = owner_of(name);
  disk_.begin_operation("remove", name + "'s cells file");
  publisher.unlink_cells_file();
  publisher.account().synced_all(side_);  // or it should not be removed
  trace_.say("  ", name, "'s cells file is folded, and removed");
  disk_.end_operation();
  return {};
}

Status CellsFolder::set_aside(const std::string& name) {
  throw Violation{Invariant::kAccounted, name + "'s cells file is refused"};
}

}  // namespace weir::simulation
