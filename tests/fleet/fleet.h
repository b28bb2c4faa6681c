// Thousands of publishers in one thread: lines to NATS, groups, members, and the moment at which
// each of them wants to act. Single-threaded: the thread that runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fleet/group.h"
#include "tests/fleet/member.h"

namespace fleet {

struct Options {
  std::uint16_t port = 4222;
  std::string node = "test-node";
  std::string service_prefix = "fleet";
  std::size_t members = 10'000;
  std::size_t groups = 100;
  std::size_t lines = 10;
  std::int64_t flush_interval_ms = 5000;
  std::int64_t heartbeat_interval_ms = 5000;
  std::int64_t start_within_ms = 5000;  // each at a moment of its own
  std::uint64_t seed = 1;
};

class Fleet {
 public:
  explicit Fleet(Options options);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Commands from standard input, answers on standard output, until `exit` or the end of the input.
  void run();

 private:
  nlohmann::json obey(std::string_view line);
  nlohmann::json status() const;
  nlohmann::json truth() const;
  void connect_lines(std::int64_t now_ms);
  void drop_lines(std::int64_t away_ms);
  void serve_lines();
  void count_now(std::uint64_t increments);
  void count_at_rate(std::int64_t now_ms);
  void restart_at_rate(weir::Instant now);
  void tick_members(weir::Instant now);
  void wait_and_read_commands();

  const Options options_;
  Weather weather_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::int64_t> tick_at_ms_;  // of each member

  std::uint64_t increments_per_second_ = 0;  // of each group
  std::int64_t counted_ms_ = 0;
  double restarts_per_second_ = 0;
  double restarts_due_ = 0;
  std::int64_t restarted_ms_ = 0;
  std::size_t restart_next_ = 0;
  std::uint64_t restarts_ = 0;
  std::string input_;
  bool finished_ = false;
};

}  // namespace fleet
