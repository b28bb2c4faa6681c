#include "ctl/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "ctl/text.h"

namespace weir::ctl {
namespace {

// Older refusals are history, not a symptom.
constexpr std::int64_t kRefusalFreshMs = 60 * 60 * 1000;
// Lease and restart windows are seconds to minutes: from here on times in the API mislead a person,
// from a minute on they are wrong.
constexpr std::int64_t kClockWarnMs = 2'000;
constexpr std::int64_t kClockFailMs = 60'000;
// 2025-01-01: an earlier clock was never set.
constexpr std::int64_t kClockPlausibleUnixMs = 1'735'689'600'000;

Check check_endpoint(const Findings& findings) {
  if (!findings.endpoint_error.empty()) {
    return {Verdict::kWarn, "endpoint", findings.endpoint_error,
            "make the file readable for this user, or give --url and --nats.url"};
  }
  if (findings.endpoint_path.empty()) {
    return {Verdict::kOk, "endpoint", "no endpoint file: addresses come from options and defaults",
            ""};
  }
  return {Verdict::kOk, "endpoint", fmt::format("found {}", findings.endpoint_path), ""};
}

Check check_nats(const Findings& findings) {
  const NatsFindings& nats = findings.nats;
  if (!nats.connected) {
    return {Verdict::kFail, "nats",
            fmt::format("cannot connect to {} (from {}): {}", nats.url,
                        findings.nats_address.source, nats.error),
            "start weir-sidecar (it brings a nats-server of its own), or name your server and its "
            "credentials with --nats.url"};
  }
  return {Verdict::kOk, "nats",
          fmt::format("connected to {}, round trip {:.1f} ms", nats.url,
                      static_cast<double>(nats.round_trip.count()) / 1000),
          ""};
}

Check check_serves(const Findings& findings) {
  const std::string& node = findings.node;
  switch (findings.nats.serves) {
    case Serves::kYes:
      return {Verdict::kOk, "node",
              findings.nats.sender.empty()
                  ? fmt::format("a sidecar serves node {}", node)
                  : fmt::format("sidecar {} serves node {}", findings.nats.sender, node),
              ""};
    case Serves::kNobody:
      return {Verdict::kFail, "node",
              fmt::format("no sidecar listens for node {} on {}", node, findings.nats.url),
              fmt::format("start weir-sidecar with --node {} and this NATS, or ask with the node "
                          "name it uses (--node)",
                          node)};
    case Serves::kNotPermitted:
      return {Verdict::kWarn, "node",
              fmt::format("may not ask who serves node {}: {}", node, findings.nats.error),
              "allow these credentials to publish to weir.v1.pub.> and to subscribe to "
              "weir.v1.ctl.>"};
    case Serves::kNoAnswer:
      return {Verdict::kWarn, "node",
              fmt::format("somebody listens for node {}, but no sidecar answered", node),
              "a busy sidecar may limit its answers: ask again, and see the sidecar's line"};
    case Serves::kUnknown:
      break;
  }
  return {Verdict::kFail, "node",
          findings.nats.error.empty() || !findings.nats.connected
              ? fmt::format("cannot ask who serves node {} without NATS", node)
              : findings.nats.error,
          "see the line about nats"};
}

Check check_sidecar(const Findings& findings) {
  if (!findings.http_error.empty()) {
    return {Verdict::kFail, "sidecar",
            fmt::format("{} (address from {})", findings.http_error, findings.http_address.source),
            "start weir-sidecar, or give its address with --url http://HOST:9742"};
  }
  const SidecarStatus& status = *findings.status;
  const std::string where = fmt::format("{} (version {}, node {})", findings.http_address.url,
                                        status.version, printable(status.node));
  if (!status.recovered) {
    return {Verdict::kWarn, "sidecar",
            fmt::format("{} is not ready: recovery: {}", where, printable(status.recovery)),
            "wait: it answers /metrics once every publisher was heard, or --recovery.timeout is "
            "over"};
  }
  if (!status.nats_connected) {
    return {Verdict::kFail, "sidecar",
            fmt::format("{} has no NATS connection to {}: {}", where, printable(status.nats_url),
                        status.nats_last_error.empty() ? "no reason given"
                                                       : printable(status.nats_last_error)),
            "start that server or correct --nats.url of the sidecar; totals wait in the publishers "
            "meanwhile"};
  }
  if (!status.degraded.empty()) {
    std::string reasons;
    for (const std::string& reason : status.degraded) {
      reasons += (reasons.empty() ? "" : "; ") + printable(reason);
    }
    return {Verdict::kWarn, "sidecar", fmt::format("{} is degraded: {}", where, reasons),
            fmt::format("see {}/api/v1/status", findings.http_address.url)};
  }
  return {
      Verdict::kOk, "sidecar",
      fmt::format("{} is ready, up for {}", where, age(status.started_unix_ms, status.now_unix_ms)),
      ""};
}

Check check_clock(const Findings& findings) {
  if (findings.answered_unix_ms < kClockPlausibleUnixMs) {
    return {Verdict::kFail, "clock", "this machine's clock was never set: it is before 2025",
            "set it, or start a time service (chrony, systemd-timesyncd)"};
  }
  if (!findings.status || findings.status->now_unix_ms == 0) {
    return {Verdict::kOk, "clock", "plausible; nothing to compare it with", ""};
  }
  // The sidecar read its clock somewhere between question and answer: only what lies outside
  // counts.
  const std::int64_t sidecar = findings.status->now_unix_ms;
  const std::int64_t apart = std::max(
      {findings.asked_unix_ms - sidecar, sidecar - findings.answered_unix_ms, std::int64_t{0}});
  if (apart < kClockWarnMs) {
    return {Verdict::kOk, "clock",
            fmt::format("agrees with the sidecar's within {} s", kClockWarnMs / 1000), ""};
  }
  return {apart < kClockFailMs ? Verdict::kWarn : Verdict::kFail, "clock",
          fmt::format("{:.1f} s {} the sidecar's", static_cast<double>(apart) / 1000,
                      sidecar > findings.answered_unix_ms ? "behind" : "ahead of"),
          "let one time service set both clocks (chrony, systemd-timesyncd)"};
}

Check check_publishers(const Findings& findings) {
  const PublishersReport& report = *findings.publishers;
  std::map<std::string, std::uint64_t> alive;
  std::string lost;
  for (const Publisher& one : report.publishers) {
    if (one.state == "up" || one.state == "starting") {
      ++alive[printable(one.service)];
    }
  }
  // What ended and came back is whole again: only services without a living instance are a worry.
  for (const Publisher& one : report.publishers) {
    const std::string service = printable(one.service);
    if ((one.state == "lost" || one.state == "crashed") && !alive.contains(service) &&
        lost.find(service) == std::string::npos) {
      lost += fmt::format("{}{} ({}, seen {} ago)", lost.empty() ? "" : ", ", service, one.state,
                          age(one.last_seen_unix_ms, findings.status->now_unix_ms));
    }
  }
  std::string looping;
  for (const Service& one : report.services) {
    if (one.crash_loop) {
      looping += (looping.empty() ? "" : ", ") + printable(one.service);
    }
  }
  std::string who;
  std::uint64_t instances = 0;
  for (const auto& [service, count] : alive) {
    instances += count;
    who += fmt::format("{}{}{}", who.empty() ? "" : ", ", service,
                       count > 1 ? fmt::format(" x{}", count) : "");
  }
  std::string finding =
      alive.empty() ? "nobody publishes"
                    : fmt::format("{}: {}", count_of(instances, "publisher", "publishers"), who);
  if (!looping.empty()) {
    return {Verdict::kWarn, "publishers", fmt::format("{}; crash loop: {}", finding, looping),
            "see the logs of that service"};
  }
  if (!lost.empty()) {
    return {Verdict::kWarn, "publishers", fmt::format("{}; gone: {}", finding, lost),
            "if it should run, see its logs and its status"};
  }
  if (alive.empty()) {
    return {Verdict::kWarn, "publishers", finding,
            "start one (weir-collector, or a program that links weir::client) with the same NATS "
            "and node"};
  }
  return {Verdict::kOk, "publishers", finding, ""};
}

Check check_refusals(const Findings& findings) {
  const PublishersReport& report = *findings.publishers;
  if (report.refusals.empty()) {
    return {Verdict::kOk, "refusals", "nothing was refused", ""};
  }
  const RefusalNote& last = report.refusals.front();
  const std::int64_t now = findings.status->now_unix_ms;
  const std::string finding =
      fmt::format("last {} ago on {}: {}: {}", age(last.unix_ms, now), printable(last.subject),
                  printable(last.reason), printable(last.detail));
  if (now - last.unix_ms > kRefusalFreshMs) {
    return {Verdict::kOk, "refusals", finding, ""};
  }
  return {Verdict::kWarn, "refusals", finding,
          fmt::format("correct the publisher that this names; all refusals: {}/api/v1/publishers",
                      findings.http_address.url)};
}

const char* mark(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      return "FAIL";
  }
  return "?";
}

}  // namespace

std::vector<Check> diagnose(const Findings& findings) {
  std::vector<Check> checks = {check_endpoint(findings), check_nats(findings),
                               check_serves(findings), check_sidecar(findings),
                               check_clock(findings)};
  if (findings.status && findings.publishers) {
    checks.push_back(check_publishers(findings));
    checks.push_back(check_refusals(findings));
  }
  return checks;
}

std::string render(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks) {
    text += fmt::format("{:<5} {:<10} {}", mark(check.verdict), check.name, check.finding);
    if (!check.advice.empty()) {
      text += fmt::format(" -> {}", check.advice);
    }
    text += '\n';
  }
  return text;
}

int exit_code(const std::vector<Check>& checks) {
  int worst = 0;
  for (const Check& check : checks) {
    worst = std::max(worst, static_cast<int>(check.verdict));
  }
  return worst;
}

}  // namespace weir::ctl
