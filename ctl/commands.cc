#include "ctl/commands.h"

#include <fmt/format.h>
#include <chrono>
#include <ostream>

#include "ctl/http_client.h"
#include "ctl/publishers.h"

namespace weir::ctl {
namespace {

constexpr int kExitFailure = 2;

std::int64_t now_unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Fills in the part of the findings that comes over HTTP; the first failure ends it.
Status ask_sidecar(const std::string& base, std::chrono::milliseconds timeout, Findings& findings) {
  findings.asked_unix_ms = now_unix_ms();
  const Result<std::string> status_body = http_get_body(base + "/api/v1/status", timeout);
  findings.answered_unix_ms = now_unix_ms();
  if (!status_body.ok()) {
    return status_body.status();
  }
  Result<SidecarStatus> status = parse_status(*status_body);
  if (!status.ok()) {
    return Status::error(fmt::format("{}: {}", base, status.reason()));
  }
  const Result<std::string> publishers_body = http_get_body(base + "/api/v1/publishers", timeout);
  if (!publishers_body.ok()) {
    return publishers_body.status();
  }
  Result<PublishersReport> publishers = parse_publishers(*publishers_body);
  if (!publishers.ok()) {
    return Status::error(fmt::format("{}: {}", base, publishers.reason()));
  }
  findings.status = std::move(*status);
  findings.publishers = std::move(*publishers);
  return {};
}

}  // namespace

int run_doctor(const Options& options, const Environment& environment, std::ostream& out) {
  Findings findings;
  const Located located = locate(options, environment);
  const Result<Endpoint>& endpoint = located.endpoint;
  const Targets& targets = located.targets;
  findings.endpoint_path = endpoint->path;
  findings.endpoint_error = endpoint.ok() ? targets.error : endpoint.reason();
  findings.node = targets.node;
  findings.nats_address = targets.nats;
  findings.http_address = targets.http;
  findings.nats = probe_nats(targets.nats_target, targets.node, options.timeout);
  findings.http_error = ask_sidecar(targets.http.url, options.timeout, findings).reason();
  const std::vector<Check> checks = diagnose(findings);
  out << render(checks);
  return exit_code(checks);
}

int run_publishers(const Options& options, const Environment& environment, std::ostream& out,
                   std::ostream& err) {
  const Located located = locate(options, environment);
  const Result<Endpoint>& endpoint = located.endpoint;
  const Targets& targets = located.targets;
  const auto fail = [&](const std::string& reason) {
    err << "weirctl: " << reason << " (address from " << targets.http.source
        << "); `weirctl doctor` says more\n";
    return kExitFailure;
  };
  if (!endpoint.ok()) {
    err << "weirctl: " << endpoint.reason() << '\n';
  }
  const Result<std::string> body =
      http_get_body(targets.http.url + "/api/v1/publishers", options.timeout);
  if (!body.ok()) {
    return fail(body.reason());
  }
  const Result<PublishersReport> report = parse_publishers(*body);
  if (!report.ok()) {
    return fail(fmt::format("{}: {}", targets.http.url, report.reason()));
  }
  if (options.json) {
    out << *body << (body->ends_with('\n') ? "" : "\n");
  } else {
    out << publishers_table(*report, now_unix_ms());
  }
  return 0;
}

}  // namespace weir::ctl
