// The simulated node: publishers, bus, one sidecar or a pair, clocks, and the checks. A run is:
// do() each action, then finish(). Throws a Violation when an invariant does not hold.
// Single-threaded; nothing in it depends on real time, so the same actions make the same run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/action.h"
#include "tests/simulation/bus.h"
#include "tests/simulation/publisher.h"
#include "tests/simulation/side.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

class World {
 public:
  static constexpr std::size_t kPublishersMax = 6;  // that a run starts by itself

  explicit World(Trace& trace);
  ~World();

  void act(const Action& action);
  // Faults end, everyone is heard, and what is shown must be exact. Then everyone goes.
  void finish();

 private:
  // world_pair.cc
  void second_sidecar();
  Side& add_side();
  [[nodiscard]] bool is_pair() const { return sides_.size() > 1; }
  [[nodiscard]] bool some_sidecar_runs() const;
  void tell_each_other();
  void cut_off(Side& side);
  void hold_back(const Action& action);
  void lose_disk(Side& side);
  // Actions (world_publishers.cc, world_bus.cc, world_sidecar.cc, world_time.cc)
  void start_publisher(const Action& action);
  void count(const Action& action);
  void remove(const Action& action);
  void flush(const Action& action);
  void tick(const Action& action);
  void goodbye(const Action& action);
  void kill(const Action& action);
  void deliver(const Action& action);
  void deliver_all(const Action& action);
  void deliver_later(const Action& action);
  void drop(const Action& action);
  void duplicate(const Action& action);
  void cut_link(const Action& action);
  void mute_link(const Action& action);
  void mend_link(const Action& action);
  void hole(const Action& action);
  void nats_down(const Action& action);
  void nats_up(const Action& action);
  void stranger(const Action& action);
  void sidecar_tick(const Action& action);
  void scrape(const Action& action);
  void commit(const Action& action);
  void fold(const Action& action);
  void checkpoint(const Action& action);
  void sidecar_kill(const Action& action);
  void sidecar_kill_at(const Action& action);
  void sidecar_stop(const Action& action);
  void sidecar_start(const Action& action);
  void power_loss(const Action& action);
  void disk_full(const Action& action);
  void disk_fails(const Action& action);
  void disk_mended(const Action& action);
  void pass(const Action& action);
  void live(const Action& action);
  void silence(const Action& action);
  void clock_set(const Action& action);

  // Publishers
  Publisher* some_publisher(const Action& action);  // one that lives; null if none does
  Publisher& add_publisher(Publisher::Traits traits);
  void see_if_ended(Publisher& publisher);
  void from_publisher(Publisher& from, std::string_view subject,
                      std::span<const std::uint8_t> bytes, bool answer_wanted,
                      std::shared_ptr<const Statement> statement);
  // Bus
  void from_sidecar(const Side& side, std::string_view subject,
                    std::span<const std::uint8_t> bytes);
  void deliver(const Message& message);
  void drain();
  void deliver_to_sidecar(const Message& message);
  void announce(const Side& side);
  // Sidecars
  Side& some_side(const Action& action);
  void start_sidecar(Side& side);
  template <typename Work>
  void with_sidecar(Side& side, Work&& work);
  void sidecar_died(Side& side, bool durable);
  void for_each_account(const Side& side, void (Account::*what)(std::size_t));
  void tick(Side& side);
  void commit(Side& side);
  void fold(Side& side);
  void checkpoint(Side& side);
  void scrape(Side& side, bool from_scraper);
  void kill(Side& side);
  void lose_power(Side& side, std::uint32_t seed);
  void do_what_is_due(Side& side);
  std::optional<Page> read(Side& side, bool from_scraper);
  // Time
  [[nodiscard]] Instant now() const { return {steady_ms_, steady_ms_ + clock_offset_ms_}; }
  void advance(std::int64_t milliseconds);
  void live_for(std::int64_t milliseconds, std::int64_t step_ms);
  [[nodiscard]] std::size_t some_silence(const Action& action) const;
  void release_what_may_be_forgotten();
  // Rest
  void mend_everything();
  void lingering_processes_end();
  void come_to_rest();
  [[nodiscard]] bool everyone_is_heard() const;
  [[nodiscard]] bool all_are_ready() const;
  Page check_rest(Side& side, const char* when);
  void check_rest(const char* when);
  void witness_every_series();
  void everyone_leaves();

  Trace& trace_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  Bus bus_;
  std::optional<Message> held_back_;  // it comes when much of what came after it is there
  std::vector<std::unique_ptr<Side>> sides_;
  bool nats_up_ = true;
  bool quiet_ = false;  // heartbeats are not worth a line
  std::int64_t steady_ms_ = 1'000'000;
  std::int64_t clock_offset_ms_ = 1'700'000'000'000;
};

}  // namespace weir::simulation
