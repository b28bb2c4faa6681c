// `weirctl doctor`: from what was found to what it means. Thread-safe: pure functions; whoever
// calls has asked the network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/endpoint.h"
#include "ctl/nats_probe.h"
#include "ctl/sidecar_api.h"

namespace weir::ctl {

// How an address was found: the reader must know which knob to turn.
struct Address {
  std::string url;
  std::string source;  // "--url", "WEIR_HTTP_URL", "/run/weir/endpoint", "the default"
};

struct Findings {
  std::string node;
  std::string endpoint_path;
  std::string endpoint_error;

  Address nats_address;
  NatsFindings nats;

  Address http_address;
  std::string http_error;  // empty: status and publishers are there
  std::optional<SidecarStatus> status;
  std::optional<PublishersReport> publishers;
  // Around the request for the status, by this machine's clock.
  std::int64_t asked_unix_ms = 0;
  std::int64_t answered_unix_ms = 0;
};

enum class Verdict { kOk, kWarn, kFail };

struct Check {
  Verdict verdict = Verdict::kOk;
  std::string name;
  std::string finding;
  std::string advice;  // what to do; empty where all is well
};

[[nodiscard]] std::vector<Check> diagnose(const Findings& findings);

// One line per check: the mark, the name, the finding, and what to do.
[[nodiscard]] std::string render(const std::vector<Check>& checks);

// 0: all is well, 1: warnings, 2: at least one failure.
[[nodiscard]] int exit_code(const std::vector<Check>& checks);

}  // namespace weir::ctl
