// The disk under a sidecar's state directory, over all its lives: what is in the page cache, what
// is on the disk itself, and faults. A life works on it through a handle of its own, which goes
// dead with it. Single-threaded.
//
// Death of the process: the page cache stays; the operation that ran may be torn.
// Death of the machine: of what was not synced, any part may be there, cut off or as zeroes; names
// go back to the last sync of the folder, or to any point since then.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/state/storage.h"
#include "tests/simulation/random.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

// Thrown in the middle of an operation of the sidecar. Nobody but the world catches it.
struct Killed {};

class Disk {
 public:
  explicit Disk(Trace& trace) : trace_(trace) {}

  // For one life of a sidecar; a former one's handle answers errors from now on.
  [[nodiscard]] std::unique_ptr<sidecar::Storage> open();
  void close() { ++life_; }

  // The operation after the next `operations` throws Killed: before it is done, after it, or torn.
  void kill_at(std::uint64_t operations, std::uint64_t seed);
  void do_not_kill() { kill_armed_ = false; }
  void lose_power(Random& random);
  void lose_all();

  void set_full(bool full) { full_ = full; }
  void set_sync_fails(bool fails) { sync_fails_ = fails; }
  void set_rename_fails(bool fails) { rename_fails_ = fails; }
  void set_read_only(bool read_only) { read_only_ = read_only; }
  // Whether something failed, since the last time, while not even a word of it could be left.
  [[nodiscard]] bool take_speechless() { return std::exchange(speechless_, false); }
  void mend() { full_ = sync_fails_ = rename_fails_ = read_only_ = false; }
  // What the sidecar does elsewhere, and may be killed at.
  void begin_operation(const char* what, const std::string& name) {
    begin(what, name, [](Random&) {});
  }
  void end_operation() { end(); }
  void operation(const char* what, const std::string& name) {
    begin_operation(what, name);
    end_operation();
  }

  // Operations that failed so far: whoever compares knows whether all went well between.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  [[nodiscard]] std::size_t files() const { return names_.size(); }

 private:
  class Handle;
  class OpenFile;
  struct Content {
    std::vector<std::uint8_t> bytes;
    std::size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Content>>;

  // Around each operation. `tear` does a part of it.
  void begin(const char* what, const std::string& name, const std::function<void(Random&)>& tear);
  void end();
  Status fail(const char* what, const std::string& name, const char* why);
  void names_changed() { names_since_sync_.push_back(names_); }

  Trace& trace_;
  std::uint64_t life_ = 0;
  Names names_;
  Names synced_names_;
  std::vector<Names> names_since_sync_;  // after each change, in order
  bool full_ = false;
  bool sync_fails_ = false;
  bool rename_fails_ = false;
  bool read_only_ = false;
  bool speechless_ = false;
  std::uint64_t failures_ = 0;
  std::uint64_t operations_ = 0;
  bool kill_armed_ = false;
  bool kill_after_ = false;  // this operation is done, and then
  std::uint64_t kill_in_ = 0;
  Random kill_random_{0};
};

}  // namespace weir::simulation
