// One sidecar over all its lives: the real engine, which is made anew at each start.
// Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/cells/census.h"
#include "sidecar/cells/folder.h"
#include "sidecar/engine.h"
#include "tests/simulation/bus.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/page.h"

namespace weir::simulation {

class Sidecar final : private sidecar::ControlSink, private sidecar::FoldSink {
 public:
  using Send = std::function<void(std::string_view subject, std::span<const std::uint8_t> bytes)>;
  using IsAlive = std::function<bool(std::uint32_t pid)>;

  // `side`: which of the node's sidecars it is.
  Sidecar(std::size_t side, Disk& disk, sidecar::CellsDirectory& cells, Send send, IsAlive is_alive)
      : side_(side),
        disk_(disk),
        cells_(cells),
        send_to_bus_(std::move(send)),
        is_alive_(std::move(is_alive)) {}

  // `now_unix_ms`: what the clock of the machine says. From then on only time that passes counts.
  // `machine_life`: each has a boot id of its own. `pair`: it shares its counters with another one.
  sidecar::Recovery start(std::int64_t now_unix_ms, std::uint64_t machine_life, bool nats_connected,
                          bool pair);
  void kill();
  // In order; then kill(). True: everything is on disk.
  bool leave();
  void set_connected(bool connected);
  void pass(std::int64_t milliseconds) { now_unix_ms_ += milliseconds; }

  // REQUIRES for the rest: running().
  [[nodiscard]] bool running() const { return engine_ != nullptr; }
  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] std::int64_t now_unix_ms() const { return now_unix_ms_; }
  // Answers which statements it has merged now: those of the message, with those of the parts
  // before it.
  std::vector<std::shared_ptr<const Statement>> receive(const Message& message);
  // What the other sidecar says.
  void receive_from_peer(const Message& message);
  void tick();
  // Answers it, and takes up its base.
  void exchange();
  void commit();
  // Folds what abandoned cells files hold, and learns which are gone.
  void fold() {
    folder_->step(now_unix_ms_);
    engine_->cells_gone(census_->step(now_unix_ms_, [this] { return engine_->awaited_cells(); }));
  }
  // True: a checkpoint was made, and it is on disk.
  bool checkpoint_when_due();
  // False: it still waits for its publishers, and answers no scrape.
  [[nodiscard]] bool ready() const { return engine_->status().recovered; }
  // False: it counts in memory alone.
  [[nodiscard]] bool durable() const { return engine_->status().state_durable; }
  // As a scraper or as a person sees it.
  [[nodiscard]] Page scrape(bool from_scraper);
  // Every frame received must have ended in exactly one counter. `at_rest`: no keyframe is waited
  // for.
  void check_accounts(bool at_rest) const;

 private:
  void send(std::string_view subject, std::span<const std::uint8_t> bytes) override {
    send_to_bus_(subject, bytes);
  }

  Outcome fold(std::string_view subject, Frames frames) override;

  const std::size_t side_;
  Disk& disk_;
  sidecar::CellsDirectory& cells_;
  const Send send_to_bus_;
  const IsAlive is_alive_;
  std::unique_ptr<sidecar::Storage> storage_;
  std::unique_ptr<sidecar::Engine> engine_;
  std::unique_ptr<sidecar::Folder> folder_;
  std::unique_ptr<sidecar::Census> census_;
  std::uint64_t life_ = 0;
  std::int64_t now_unix_ms_ = 0;
  std::uint64_t received_ = 0;  // in this life
  std::uint64_t applied_ = 0;
  std::uint64_t strange_ = 0;  // what no publisher sent
  std::vector<std::shared_ptr<const Statement>>
      undecided_;  // parts of keyframes, of all publishers
};

}  // namespace weir::simulation
