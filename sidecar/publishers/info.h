// What the API, the page and the metrics say about publishers: copies of values, made under the
// engine's lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::sidecar {

enum class InstanceState : std::uint8_t { kStarting, kUp, kExited, kLost, kCrashed };
[[nodiscard]] const char* instance_state_name(InstanceState state);  // "starting", "up", ...

// One run of a publisher. Times in milliseconds since the epoch; 0: never.
struct PublisherInfo {
  std::string node;
  std::string service;
  std::string instance;
  std::uint32_t pid = 0;
  std::string client_version;
  std::string client_language;
  InstanceState state = InstanceState::kStarting;
  std::int64_t state_since_unix_ms = 0;
  std::int64_t started_unix_ms = 0;
  std::int64_t last_seen_unix_ms = 0;
  std::uint64_t series = 0;
  std::uint64_t frames = 0;
  std::uint64_t restarts = 0;     // of its service on its node
  bool keyframe_pending = false;  // asked for one, and still waiting
  std::string last_refusal;       // in words; empty: none
  std::int64_t last_refusal_unix_ms = 0;
};

// A service on a node, over all its runs.
struct ServiceInfo {
  std::string node;
  std::string service;
  std::uint64_t up = 0;  // instances alive now
  std::uint64_t starts = 0;
  std::uint64_t clean_exits = 0;
  std::uint64_t crashes = 0;
  std::uint64_t losses = 0;
  std::uint64_t restarts = 0;
  bool crash_loop = false;
  std::int64_t current_start_unix_ms = 0;
  std::int64_t previous_start_unix_ms = 0;
  std::int64_t last_seen_unix_ms = 0;
};

// Something that was refused whole or in part: a frame, a family, a series.
struct RefusalInfo {
  std::int64_t unix_ms = 0;
  std::string subject;  // or "node/service instance", as far as known
  std::string reason;   // wire::reason_name
  std::string detail;   // in words
};

}  // namespace weir::sidecar
