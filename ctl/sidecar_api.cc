#include "ctl/sidecar_api.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace weir::ctl {
namespace {

using Json = nlohmann::json;

// Members of another type than expected are as good as missing.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <typename Number>
Number number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<Number>() : Number{};
}

bool flag_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

template <typename Visitor>
void for_each_object(const Json& object, const char* name, Visitor visit) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) {
    return;
  }
  for (const Json& element : *found) {
    if (element.is_object()) {
      visit(element);
    }
  }
}

Json object_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

FamilyTotals totals_of(const Json& object, const char* name) {
  FamilyTotals totals;
  for_each_object(object, name, [&](const Json& one) {
    totals[text_of(one, "name")] += number_of<std::uint64_t>(one, "total");
  });
  return totals;
}

Result<Json> parse_object(const std::string& body, const char* what) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Status::error(fmt::format("{} is not a JSON object: is this a weir-sidecar?", what));
  }
  return json;
}

}  // namespace

Result<SidecarStatus> parse_status(const std::string& body) {
  const Result<Json> json = parse_object(body, "/api/v1/status");
  if (!json.ok()) {
    return json.status();
  }
  SidecarStatus status;
  status.version = text_of(*json, "version");
  status.node = text_of(*json, "node");
  status.now_unix_ms = number_of<std::int64_t>(*json, "now_unix_ms");
  status.started_unix_ms = number_of<std::int64_t>(*json, "started_unix_ms");
  const Json recovery = object_of(*json, "recovery");
  status.recovered = flag_of(recovery, "done");
  status.recovery = text_of(recovery, "state");
  const Json nats = object_of(*json, "nats");
  status.nats_connected = flag_of(nats, "connected");
  status.nats_embedded = flag_of(nats, "embedded");
  status.nats_url = text_of(nats, "url");
  status.nats_last_error = text_of(nats, "last_error");
  if (const auto degraded = json->find("degraded");
      degraded != json->end() && degraded->is_array()) {
    for (const Json& reason : *degraded) {
      if (reason.is_string()) {
        status.degraded.push_back(reason.get<std::string>());
      }
    }
  }
  return status;
}

Result<PublishersReport> parse_publishers(const std::string& body) {
  const Result<Json> json = parse_object(body, "/api/v1/publishers");
  if (!json.ok()) {
    return json.status();
  }
  PublishersReport report;
  for_each_object(*json, "publishers", [&](const Json& one) {
    report.publishers.push_back(
        {.node = text_of(one, "node"),
         .service = text_of(one, "service"),
         .instance = text_of(one, "instance"),
         .state = text_of(one, "state"),
         .state_since_unix_ms = number_of<std::int64_t>(one, "state_since_unix_ms"),
         .last_seen_unix_ms = number_of<std::int64_t>(one, "last_seen_unix_ms"),
         .restarts = number_of<std::uint64_t>(one, "restarts"),
         .series = number_of<std::uint64_t>(one, "series"),
         .last_refusal = text_of(one, "last_refusal"),
         .last_refusal_unix_ms = number_of<std::int64_t>(one, "last_refusal_unix_ms")});
  });
  for_each_object(*json, "services", [&](const Json& one) {
    report.services.push_back({.node = text_of(one, "node"),
                               .service = text_of(one, "service"),
                               .crash_loop = flag_of(one, "crash_loop")});
  });
  for_each_object(*json, "refusals", [&](const Json& one) {
    report.refusals.push_back({.unix_ms = number_of<std::int64_t>(one, "unix_ms"),
                               .subject = text_of(one, "subject"),
                               .reason = text_of(one, "reason"),
                               .detail = text_of(one, "detail")});
  });
  return report;
}

Result<TotalsReport> parse_totals(const std::string& body) {
  const Result<Json> json = parse_object(body, "/api/v1/totals");
  if (!json.ok()) {
    return json.status();
  }
  // One that is not there would be an audit of nothing, and all well.
  for (const char* const name : {"instances", "retired", "families"}) {
    if (const auto found = json->find(name); found == json->end() || !found->is_array()) {
      return Status::error(fmt::format("/api/v1/totals has no list \"{}\"", name));
    }
  }
  TotalsReport report;
  for_each_object(*json, "instances", [&](const Json& one) {
    report.instances.push_back(
        {.instance = text_of(one, "instance"),
         .node = text_of(one, "node"),
         .service = text_of(one, "service"),
         .state = text_of(one, "state"),
         .seq = number_of<std::uint64_t>(one, "seq"),
         .increments_refused = number_of<std::uint64_t>(one, "increments_refused"),
         .applied = totals_of(one, "families")});
  });
  report.retired = totals_of(*json, "retired");
  report.families = totals_of(*json, "families");
  return report;
}

}  // namespace weir::ctl
