// Starts, exits, crashes and restarts of each service on each node, over all its runs.
// Single-threaded: under the engine's lock. Times are milliseconds since the epoch, passed in.
//
// A restart is a start within `restart_window` after an instance of the service ended; each end
// excuses one start, so that scaling up is none. An end may be noticed only after the new start (a
// lost publisher, say): both orders are counted.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/publishers/info.h"

namespace weir::sidecar {

enum class EndKind : std::uint8_t { kCleanExit, kCrash, kLoss };

class ServiceLog {
 public:
  static constexpr std::size_t kServicesMax = 10'000;  // listed one by one

  explicit ServiceLog(std::int64_t restart_window_ms) : restart_window_ms_(restart_window_ms) {}

  void started(std::string_view node, std::string_view service, std::int64_t now_unix_ms);
  // `ended_unix_ms`: when it was last seen alive, for an end that is noticed late.
  void ended(std::string_view node, std::string_view service, EndKind kind,
             std::int64_t ended_unix_ms, std::int64_t now_unix_ms);
  // A lost instance spoke again: its loss excuses no start.
  void returned(std::string_view node, std::string_view service, std::int64_t now_unix_ms);
  // What was taken for a loss proves to have been a crash: it counts as both, since counters do not
  // go down.
  void loss_was_crash(std::string_view node, std::string_view service, std::int64_t now_unix_ms);
  // When any of it was seen last: who speaks often keeps the place. Valid as long as this log.
  [[nodiscard]] std::int64_t& last_seen_unix_ms(std::string_view node, std::string_view service) {
    return entry(node, service).info.last_seen_unix_ms;
  }

  struct Entry {
    ServiceInfo info;
    std::deque<std::int64_t> unmatched_ends;
    std::deque<std::int64_t> unmatched_starts;
    std::deque<std::int64_t> crashes;  // times, for the crash loop
  };
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, at] : entries_) {
      visit(at);
    }
  }
  void restore(Entry restored);  // from the state directory
  // What another sidecar has counted, where it is more.
  void raise(const ServiceInfo& other);
  // How many are alive is known better by who has a list of them.
  void no_one_lives();
  void one_lives(std::string_view node, std::string_view service) {
    ++entry(node, service).info.up;
  }

  [[nodiscard]] std::uint64_t restarts(std::string_view node, std::string_view service) const;
  [[nodiscard]] std::vector<ServiceInfo> list(std::int64_t now_unix_ms) const;

 private:
  using Key = std::pair<std::string, std::string>;

  Entry& entry(std::string_view node, std::string_view service);
  void forget_old(Entry& entry, std::int64_t now_unix_ms) const;

  std::int64_t restart_window_ms_;
  std::map<Key, Entry> entries_;
};

}  // namespace weir::sidecar
