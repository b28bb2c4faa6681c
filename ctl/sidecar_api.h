// What /api/v1/status, /api/v1/publishers and /api/v1/totals say, as values. Unknown members are
// ignored and missing ones are empty, so that weirctl and the sidecar may be of different versions.
// Thread-safe: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir::ctl {

// Times in milliseconds since the epoch; 0: never.
struct SidecarStatus {
  std::string version;
  std::string node;
  std::int64_t now_unix_ms = 0;
  std::int64_t started_unix_ms = 0;
  bool recovered = false;
  std::string recovery;
  bool nats_connected = false;
  bool nats_embedded = false;
  std::string nats_url;
  std::string nats_last_error;
  std::vector<std::string> degraded;
};

struct Publisher {
  std::string node;
  std::string service;
  std::string instance;
  std::string state;
  std::int64_t state_since_unix_ms = 0;
  std::int64_t last_seen_unix_ms = 0;
  std::uint64_t restarts = 0;
  std::uint64_t series = 0;
  std::string last_refusal;
  std::int64_t last_refusal_unix_ms = 0;
};

struct Service {
  std::string node;
  std::string service;
  bool crash_loop = false;
};

struct RefusalNote {
  std::int64_t unix_ms = 0;
  std::string subject;
  std::string reason;
  std::string detail;
};

struct PublishersReport {
  std::vector<Publisher> publishers;
  std::vector<Service> services;
  std::vector<RefusalNote> refusals;  // newest first
};

using FamilyTotals = std::map<std::string, std::uint64_t>;  // integer counts by family name

struct InstanceTotals {
  std::string instance;
  std::string node;
  std::string service;
  std::string state;
  std::uint64_t seq = 0;  // the totals are as of this frame
  std::uint64_t increments_refused = 0;
  FamilyTotals applied;
};

struct TotalsReport {
  std::vector<InstanceTotals> instances;
  FamilyTotals retired;   // what instances left that are known no more
  FamilyTotals families;  // the aggregate
};

[[nodiscard]] Result<SidecarStatus> parse_status(const std::string& body);
[[nodiscard]] Result<PublishersReport> parse_publishers(const std::string& body);
[[nodiscard]] Result<TotalsReport> parse_totals(const std::string& body);

}  // namespace weir::ctl
