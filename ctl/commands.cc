#include "ctl/commands.h"

#include <fmt/format.h>
#include <unistd.h>

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

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

// The body of a 200, or an error that names the URL.
Result<std::string> get_body(const std::string& url, std::chrono::milliseconds timeout) {
  Result<HttpAnswer> answer = http_get(url, timeout);
  if (!answer.ok()) {
    return answer.status();
  }
  if (answer->code != 200) {
    return Status::error(fmt::format("GET {}: answered {}", url, answer->code));
  }
  return std::move(answer->body);
}

// Fills in the part of the findings that comes over HTTP; the first failure ends it.
Status ask_sidecar(const std::string& base, std::chrono::milliseconds timeout, Findings& findings) {
  findings.asked_unix_ms = now_unix_ms();
  const Result<std::string> status_body = get_body(base + "/api/v1/status", timeout);
  findings.answered_unix_ms = now_unix_ms();
  if (!status_body.ok()) {
    return status_body.status();
  }
  Result<SidecarStatus> status = parse_status(*status_body);
  if (!status.ok()) {
    return Status::error(fmt::format("{}: {}", base, status.reason()));
  }
  const Result<std::string> publishers_body = get_body(base + "/api/v1/publishers", timeout);
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
  const Result<Endpoint> endpoint = find_endpoint(endpoint_paths(environment));
  const Targets targets = choose_targets(options, environment, *endpoint, host_name());
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
  const Result<Endpoint> endpoint = find_endpoint(endpoint_paths(environment));
  const Targets targets = choose_targets(options, environment, *endpoint, host_name());
  const auto fail = [&](const std::string& reason) {
    err << "weirctl: " << reason << " (address from " << targets.http.source
        << "); `weirctl doctor` says more\n";
    return kExitFailure;
  };
  if (!endpoint.ok()) {
    err << "weirctl: " << endpoint.reason() << '\n';
  }
  const Result<std::string> body =
      get_body(targets.http.url + "/api/v1/publishers", options.timeout);
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
