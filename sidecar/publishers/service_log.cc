#include "sidecar/publishers/service_log.h"

#include <algorithm>
#include <utility>

namespace weir::sidecar {
namespace {

constexpr std::string_view kOtherServices = "(others)";
constexpr std::size_t kCrashLoopCrashes = 3;  // that many within the restart window

void drop_before(std::deque<std::int64_t>& times, std::int64_t oldest) {
  while (!times.empty() && times.front() < oldest) {
    times.pop_front();
  }
}

}  // namespace

ServiceLog::Entry& ServiceLog::entry(std::string_view node, std::string_view service) {
  Key key(node, service);
  // Names come from the network: past the limit all new ones share one entry.
  if (entries_.size() >= kServicesMax && !entries_.contains(key)) {
    key = Key(kOtherServices, kOtherServices);
    node = service = kOtherServices;
  }
  Entry& found = entries_[key];
  if (found.info.service.empty()) {
    found.info.node = node;
    found.info.service = service;
  }
  return found;
}

void ServiceLog::forget_old(Entry& entry, std::int64_t now_unix_ms) const {
  const std::int64_t oldest = now_unix_ms - restart_window_ms_;
  drop_before(entry.unmatched_ends, oldest);
  drop_before(entry.unmatched_starts, oldest);
  drop_before(entry.crashes, oldest);
}

void ServiceLog::started(std::string_view node, std::string_view service,
                         std::int64_t now_unix_ms) {
  Entry& at = entry(node, service);
  forget_old(at, now_unix_ms);
  ++at.info.starts;
  ++at.info.up;
  at.info.previous_start_unix_ms = at.info.current_start_unix_ms;
  at.info.current_start_unix_ms = now_unix_ms;
  at.info.last_seen_unix_ms = now_unix_ms;
  if (at.unmatched_ends.empty()) {
    at.unmatched_starts.push_back(now_unix_ms);
  } else {
    at.unmatched_ends.pop_front();
    ++at.info.restarts;
  }
}

void ServiceLog::ended(std::string_view node, std::string_view service, EndKind kind,
                       std::int64_t ended_unix_ms, std::int64_t now_unix_ms) {
  Entry& at = entry(node, service);
  forget_old(at, now_unix_ms);
  at.info.up -= at.info.up > 0 ? 1u : 0u;
  switch (kind) {
    case EndKind::kCleanExit:
      ++at.info.clean_exits;
      break;
    case EndKind::kCrash:
      ++at.info.crashes;
      at.crashes.push_back(now_unix_ms);
      break;
    case EndKind::kLoss:
      ++at.info.losses;
      break;
  }
  // Its successor may have started already: the first start after it was last seen. Not at that
  // very moment: that is its own start, if it was never heard again.
  const auto successor = std::find_if(at.unmatched_starts.begin(), at.unmatched_starts.end(),
                                      [&](std::int64_t start) { return start > ended_unix_ms; });
  if (successor == at.unmatched_starts.end()) {
    at.unmatched_ends.push_back(now_unix_ms);
  } else {
    at.unmatched_starts.erase(successor);
    ++at.info.restarts;
  }
}

void ServiceLog::returned(std::string_view node, std::string_view service,
                          std::int64_t now_unix_ms) {
  Entry& at = entry(node, service);
  forget_old(at, now_unix_ms);
  ++at.info.up;
  if (!at.unmatched_ends.empty()) {
    at.unmatched_ends.pop_back();
  }
}

void ServiceLog::loss_was_crash(std::string_view node, std::string_view service,
                                std::int64_t now_unix_ms) {
  Entry& at = entry(node, service);
  ++at.info.crashes;
  at.crashes.push_back(now_unix_ms);
}

void ServiceLog::restore(Entry restored) {
  Entry& at = entry(restored.info.node, restored.info.service);
  at = std::move(restored);
}

void ServiceLog::raise(const ServiceInfo& other) {
  ServiceInfo& mine = entry(other.node, other.service).info;
  const auto larger = [](auto& value, auto than) { value = std::max(value, than); };
  larger(mine.starts, other.starts);
  larger(mine.clean_exits, other.clean_exits);
  larger(mine.crashes, other.crashes);
  larger(mine.losses, other.losses);
  larger(mine.restarts, other.restarts);
  larger(mine.current_start_unix_ms, other.current_start_unix_ms);
  larger(mine.previous_start_unix_ms, other.previous_start_unix_ms);
  larger(mine.last_seen_unix_ms, other.last_seen_unix_ms);
}

void ServiceLog::no_one_lives() {
  for (auto& [key, at] : entries_) {
    at.info.up = 0;
  }
}

std::uint64_t ServiceLog::restarts(std::string_view node, std::string_view service) const {
  const auto at = entries_.find(Key(node, service));
  return at == entries_.end() ? 0 : at->second.info.restarts;
}

std::vector<ServiceInfo> ServiceLog::list(std::int64_t now_unix_ms) const {
  std::vector<ServiceInfo> services;
  services.reserve(entries_.size());
  for (const auto& [key, at] : entries_) {
    services.push_back(at.info);
    const auto recent = std::count_if(at.crashes.begin(), at.crashes.end(), [&](std::int64_t time) {
      return now_unix_ms - time < restart_window_ms_;
    });
    services.back().crash_loop = static_cast<std::size_t>(recent) >= kCrashLoopCrashes;
  }
  return services;
}

}  // namespace weir::sidecar
