// What outlives the sidecar: decides what is written when, and keeps the order of the two locks.
// Thread-safe: any method from any thread, after recover().
//
// 1. What a scrape shows is in the journal (page cache) before the answer leaves. It is synced,
// too,
//    where it shows a publisher or a series for the first time, or more of one that has ended: the
//    life after a power loss could not tell that this is missing.
// 2. A goodbye is answered as durable only when its totals are synced.
// 3. Totals move to the retired ones only within a checkpoint: on disk, too, each is in one place.
// 4. When something cannot be written, the journal is broken until a checkpoint succeeds: goodbyes
//    are then answered as not durable, and what is shown is not kept. Nothing else changes.
// 5. Order of locks: checkpoint, journal, engine; the last two are taken for a moment, after any.
// Files are written and synced without the engine's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/ingest/ingest.h"
#include "sidecar/publishers/directory.h"
#include "sidecar/publishers/retirement.h"
#include "sidecar/registry/registry.h"
#include "sidecar/state/checkpoint.h"
#include "sidecar/state/journal.h"
#include "sidecar/state/recovery.h"
#include "sidecar/state/retired_base.h"
#include "sidecar/state/statement_writer.h"
#include "sidecar/state/storage.h"

namespace weir::sidecar {

struct DurableOptions {
  std::string node;
  std::string boot_id;  // of the machine's life: what the page cache held is there as long as it
  std::int64_t checkpoint_interval_ms = 30'000;
  std::int64_t retry_ms = 5'000;        // after a failure
  std::size_t step_bytes = 512u << 10;  // about what is collected at once
};

struct DurableStatus {
  bool broken = false;
  std::string reason;  // why, in words
  std::uint64_t bytes_written = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t errors = 0;
  std::int64_t checkpoint_unix_ms = 0;  // the last one; 0: none yet
};

class DurableState {
 public:
  struct Parts {
    Registry& registry;
    Directory& directory;
    Retirement& retirement;
    Ingest& ingest;
    std::mutex& engine;  // guards them all
  };

  DurableState(DurableOptions options, Storage& storage, Parts parts);

  // Before anything else. Also writes the first checkpoint of this life.
  Recovery recover(std::int64_t now_unix_ms);

  // What the recovery could not prove has become a restart of series: the next checkpoint lacks
  // nothing. Until then each says that it may.
  void settle() { lacking_ = false; }

  // Held by a scrape from before it takes the engine's lock until it has written. While it is held
  // publishers come, but none goes.
  class Exposure {
   public:
    explicit Exposure(DurableState& state) : state_(state), lock_(state.journal_mutex_) {}
    // What moved since the last time, or the beginning of it. REQUIRES: the engine's lock is held.
    void collect(bool from_scraper);
    // And the rest, some of which may have moved further. REQUIRES: the engine's lock is not held.
    void write();
    // What was collected and not written is in no file, and no longer known not to be.
    ~Exposure();
    Exposure(const Exposure&) = delete;
    Exposure& operator=(const Exposure&) = delete;

   private:
    void collect_step();
    void collect_tail();
    void write_all();

    DurableState& state_;
    std::unique_lock<std::mutex> lock_;
    Bytes records_;
    std::vector<Instance*> moved_;  // what is not; of the last one the totals from here on
    std::uint32_t next_moved_id_ = 0;
    Bytes tail_;  // once all totals are written
    bool collected_ = false;
    bool from_scraper_ = false;
    std::uint64_t zeros_taken_ = 0;  // before this scrape
  };

  // Another sidecar's base instead of the own one, if no counter goes down by it. `why`: in words.
  BaseOutcome take_base(std::span<const std::uint8_t> records, std::int64_t now_unix_ms,
                        std::string& why);

  // Writes and syncs the goodbyes that wait, then answers them. True: everything that was said to
  // be durable is.
  bool commit();
  // If it is due.
  void checkpoint_when_due(std::int64_t now_unix_ms);
  // `clean`: nothing comes after it.
  bool checkpoint(std::int64_t now_unix_ms, bool clean);

  [[nodiscard]] DurableStatus status() const;

 private:
  // For the journal: what of an instance is not in it.
  void collect(Instance& instance, Bytes& out);
  // Its definitions, until `out` has about `enough` bytes; whether that is all.
  bool collect_defined(Instance& instance, std::size_t enough, Bytes& out);
  // Goodbyes that wait, and what became of readings with them.
  std::vector<Ingest::Final> collect_finals(Bytes& out);
  void collect_held(Bytes& out);
  void collect_remembered(bool all, Bytes& out);
  void collect_offsets(Bytes& out);
  void collect_unshown(Bytes& out);
  void collect_rest(Bytes& out);

  // Where a checkpoint parts what came before from what comes after.
  struct Cut;
  // False: nothing has changed since the last one.
  bool cut(std::int64_t now_unix_ms, Cut& cut);
  Status write(Cut& cut);
  Status put_in_place(Cut& cut);
  [[nodiscard]] bool has_changed();
  void note_versions();
  void broke(const Status& why);
  void say_behind();
  bool append(std::span<const std::uint8_t> records);
  void answer(const std::vector<Ingest::Final>& finals, bool durable);
  void remove_old(std::uint32_t first_journal, std::uint32_t definitions);

  const DurableOptions options_;
  Storage& storage_;
  Parts parts_;

  std::atomic<bool> lacking_{false};

  std::mutex checkpoint_mutex_;  // protects the next three
  std::optional<Checkpoint> checkpoint_;
  bool lacking_on_disk_ = false;
  std::int64_t attempted_unix_ms_ = 0;

  std::mutex journal_mutex_;  // protects the next six, and calls of the storage that create files
  std::optional<Journal> journal_;
  // How often something was appended that must be synced before anyone is shown it, and up to which
  // of them it is.
  std::uint64_t untold_ = 0, untold_synced_ = 0;
  bool defined_ = false;                        // something, since a scrape has said what is shown
  std::atomic<std::uint32_t> next_journal_{1};  // read when something broke
  bool definitions_anew_ = false;               // those of the retired have other ids

  // Under the engine's lock.
  StatementWriter writer_;
  wire::Encoder encoder_;
  std::uint64_t directory_version_ = 0, retirement_version_ = 0, services_version_ = 0;
  std::uint64_t remembered_filed_ = 0;

  // What is appended follows a checkpoint, or the one that is being written.
  std::atomic<bool> journaling_{false};

  std::mutex behind_mutex_;   // protects the next one, and the names of checkpoints
  bool behind_said_ = false;  // a file says that what is shown is not kept

  mutable std::mutex status_mutex_;
  DurableStatus status_;
};

}  // namespace weir::sidecar
