// What a checkpoint holds of publishers and of the retired, a step at a time: so that ingest does
// not wait for all of it, nor does it stand in memory together. Each is taken as it is when its
// turn comes: what it counts later is in the journal that was begun before. Single-threaded: under
// the engine's lock, at each step. Between two of them publishers come, but none of these goes; the
// retired may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sidecar/publishers/instance.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/statement_writer.h"

namespace weir::sidecar {

class CheckpointWalk {
 public:
  // `all`: of the definitions not only those that the file lacks.
  CheckpointWalk(const Registry& registry, StatementWriter& writer, bool all)
      : registry_(registry), writer_(writer), all_(all) {}
  void take_all() { all_ = true; }
  [[nodiscard]] bool takes_all() const { return all_; }
  void add(Instance& instance) { entries_.push_back({&instance, nullptr}); }
  void add(const std::shared_ptr<Retirement::Retired>& retired) {
    entries_.push_back({&retired->instance, retired});
  }

  // First all steps of the one, then all of the other: until `out` has about `enough` bytes.
  // Whether there is more.
  bool definitions(std::size_t enough, Bytes& out);
  bool totals(std::size_t enough, Bytes& out);
  // The checkpoint counts.
  void filed();

 private:
  struct Entry {
    Instance* instance;
    std::shared_ptr<const Retirement::Retired> retired;  // null: a publisher
  };
  void begin_definitions(Instance& instance, Bytes& out);
  void some_series(const Instance& instance, Bytes& out);
  void unshown(const Instance& instance, std::uint32_t from, Bytes& out) const;

  const Registry& registry_;
  StatementWriter& writer_;
  bool all_;
  std::vector<Entry> entries_;
  std::size_t at_ = 0;  // whose turn it is
  bool begun_ = false;  // with its definitions:
  std::size_t next_ = 0, end_ = 0;
  std::uint32_t next_total_ = 0;
};

}  // namespace weir::sidecar
