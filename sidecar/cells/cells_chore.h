// The cells directory, as a chore of the keeper: abandoned files become goodbyes in the engine, are
// committed, and deleted; and the engine learns whose files are gone. Single-threaded: the keeper's
// thread; counts() is read under the engine's roof (Engine::set_cells).
#pragma once

#include <functional>
#include <span>
#include <string>

#include "sidecar/cells/census.h"
#include "sidecar/cells/folder.h"
#include "sidecar/cells/posix_cells_directory.h"
#include "sidecar/engine.h"

namespace weir::sidecar {

class CellsChore final : private FoldSink, private Folder::Listener {
 public:
  // `publish`: hands a frame to the other sidecars of the node, if there are any.
  using Publish = std::function<void(std::string_view subject, std::span<const std::uint8_t>)>;

  CellsChore(Engine& engine, const std::string& folder, FoldRules rules, Publish publish)
      : engine_(engine),
        publish_(std::move(publish)),
        directory_(folder),
        census_(directory_, {.limits = rules.limits}),
        folder_(directory_, *this, std::move(rules), this),
        path_(folder) {}

  // Makes the directory, which the engine relies on from then on. An error is no reason not to run:
  // clients then keep private memory.
  Status prepare();
  void step(std::int64_t now_unix_ms);

 private:
  Outcome fold(std::string_view subject, Frames frames) override;
  void folded(const std::string& file, const std::string& service, std::uint32_t pid) override;
  void refused(const std::string& file, std::uint32_t owner_uid, const std::string& why) override;

  Engine& engine_;
  const Publish publish_;
  PosixCellsDirectory directory_;
  Census census_;
  Folder folder_;
  const std::string path_;
  bool usable_ = false;
};

}  // namespace weir::sidecar
