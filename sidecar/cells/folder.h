// Folds what abandoned cells files hold into the totals: each becomes the last goodbye of its
// instance, and is deleted once that is durable. Single-threaded: only the thread that owns it
// calls it. One file at a time is in memory, up to rules.file_bytes_max.
//
// 1. A file is deleted only after the sink said that its frames are durable. Between the two a
// crash
//    may come: the file is then folded once more, which adds nothing (rules 2 and 11 of the
//    protocol).
// 2. What can not be read is kept, under another name, and reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/cells_file.h"
#include "schemas/limits.h"
#include "sidecar/cells/cells_directory.h"

namespace weir::sidecar {

struct FoldRules {
  std::uint64_t file_bytes_max = wire::cells_file::kFileBytesMax;
  std::size_t frame_bytes_max = 1 << 20;  // NATS's max_payload, where it is published
  std::size_t files_per_step_max = 16;    // a step ends after so many; the next goes on
  std::int64_t again_ms = 1000;           // what the sink or the directory refused
  wire::Limits limits;
};

class FoldSink {
 public:
  using Frames = std::span<const std::vector<std::uint8_t>>;

  virtual ~FoldSink() = default;
  enum class Outcome : std::uint8_t {
    kDurable,  // or as durable as it will ever be: the file can go
    kLater,    // the disk is full, say: the file stays and comes again
    kRefused,  // the totals will never be merged: the file is set aside
  };
  // The parts of one goodbye, to be merged as if they had come on the subject.
  virtual Outcome fold(std::string_view subject, Frames frames) = 0;
};

class Folder {
 public:
  struct Counts {
    std::uint64_t folded = 0;
    std::uint64_t nameless = 0;   // of programs that never published: deleted
    std::uint64_t refused = 0;    // set aside
    std::uint64_t postponed = 0;  // the sink said not now, or the directory failed
    std::string last_reason;      // of the last three, with the file's name
  };
  // For the log.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void folded(const std::string& file, const std::string& service, std::uint32_t pid) = 0;
    virtual void refused(const std::string& file, std::uint32_t owner_uid,
                         const std::string& why) = 0;
  };

  Folder(CellsDirectory& directory, FoldSink& sink, FoldRules rules = {},
         Listener* listener = nullptr)
      : directory_(directory), sink_(sink), rules_(std::move(rules)), listener_(listener) {}

  // Folds what is there. Answers whether more waits than one step does.
  bool step(std::int64_t now_unix_ms);
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Pending {
    bool folded = false;    // only to be removed
    bool reported = false;  // as refused
    std::int64_t again_ms = 0;
  };
  void take(const CellsDirectory::Abandoned& file, std::int64_t now_unix_ms);
  void remove(const std::string& name, std::int64_t now_unix_ms);
  void refuse(const CellsDirectory::Abandoned& file, const std::string& why,
              std::int64_t now_unix_ms);
  void postpone(const std::string& name, bool folded, const std::string& why,
                std::int64_t now_unix_ms);

  CellsDirectory& directory_;
  FoldSink& sink_;
  const FoldRules rules_;
  Listener* const listener_;
  Counts counts_;
  std::map<std::string, Pending> pending_;
};

}  // namespace weir::sidecar
