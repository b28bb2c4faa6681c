// The command line of weirctl, and where each address came from. CLI11 lives in options.cc alone.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>

#include "ctl/doctor.h"
#include "ctl/endpoint.h"
#include "ctl/nats_probe.h"
#include "ctl/push.h"

namespace weir::ctl {

enum class Command { kDoctor, kPublishers, kPush, kAudit };

struct Options {
  Command command = Command::kDoctor;
  std::string http_url;  // empty: not given
  std::string node;
  NatsTarget nats;
  std::chrono::milliseconds timeout{2000};
  bool json = false;
  PushOptions push;
};

// What to do, or the exit code with which the program ends at once: 0 after --help and --version,
// 64 (EX_USAGE) after a mistake, which is named on `err`.
struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
};
[[nodiscard]] Parsed parse_command_line(int argc, const char* const* argv, std::ostream& out,
                                        std::ostream& err);

// Options, then the environment, then the endpoint file, then the default.
struct Targets {
  Address http;
  Address nats;
  NatsTarget nats_target;
  std::string node;
  std::string error;  // a token file that the endpoint names and that can not be read
};
[[nodiscard]] Targets choose_targets(const Options& options, const Environment& environment,
                                     const Endpoint& endpoint, const std::string& host_name);

// The same with the endpoint file and the name of this machine.
struct Located {
  Result<Endpoint> endpoint;
  Targets targets;
};
[[nodiscard]] Located locate(const Options& options, const Environment& environment);

}  // namespace weir::ctl
