#include <algorithm>
#include <chrono>
#include <ostream>

#include "ctl/audit.h"
#include "ctl/commands.h"
#include "ctl/http_client.h"

namespace weir::ctl {

int run_audit(const Options& options, const Environment& environment, std::ostream& out,
              std::ostream& err) {
  constexpr int kExitFailure = 2;
  const Located located = locate(options, environment);
  const Targets& targets = located.targets;
  const auto fail = [&](const std::string& reason) {
    err << "weirctl: cannot audit node " << targets.node << ": " << reason
        << "; `weirctl doctor` says more\n";
    return kExitFailure;
  };
  if (!located.endpoint.ok()) {
    err << "weirctl: " << located.endpoint.reason() << '\n';
  }
  const auto feed = listen_to_node(targets.nats_target, targets.node, options.timeout);
  if (!feed.ok()) {
    return fail(without_credentials(targets.nats.url) + ": " + feed.reason());
  }
  const auto totals = [&]() -> Result<TotalsReport> {
    const Result<std::string> body =
        http_get_body(targets.http.url + "/api/v1/totals", options.timeout);
    return body.ok() ? parse_totals(*body) : Result<TotalsReport>(body.status());
  };
  const auto clock = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  };
  AuditTiming timing;
  timing.patience = std::max(timing.patience, options.timeout);
  const Result<AuditFinding> finding = audit(**feed, totals, clock, timing);
  if (!finding.ok()) {
    return fail(finding.reason());
  }
  out << render(*finding);
  return exit_code(*finding);
}

}  // namespace weir::ctl
