#include "sidecar/http/json.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace weir::sidecar::http {
namespace {

using Json = nlohmann::ordered_json;

Json time_or_null(std::int64_t unix_ms) {
  return unix_ms == 0 ? Json(nullptr) : Json(rfc3339(unix_ms));
}

// Each time in two forms, for people and for programs; null: never.
void put_time(Json& object, const std::string& name, std::int64_t unix_ms) {
  object[name] = time_or_null(unix_ms);
  object[name + "_unix_ms"] = unix_ms == 0 ? Json(nullptr) : Json(unix_ms);
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json publisher_json(const PublisherInfo& publisher) {
  Json object{{"node", publisher.node},
              {"service", publisher.service},
              {"instance", publisher.instance},
              {"pid", publisher.pid},
              {"client_version", publisher.client_version},
              {"client_language", publisher.client_language},
              {"state", instance_state_name(publisher.state)}};
  put_time(object, "state_since", publisher.state_since_unix_ms);
  put_time(object, "started", publisher.started_unix_ms);
  put_time(object, "last_seen", publisher.last_seen_unix_ms);
  object["restarts"] = publisher.restarts;
  object["series"] = publisher.series;
  object["frames"] = publisher.frames;
  object["keyframe_pending"] = publisher.keyframe_pending;
  const bool refused = !publisher.last_refusal.empty();
  object["last_refusal"] = refused ? Json(publisher.last_refusal) : Json(nullptr);
  object["last_refusal_time"] = time_or_null(refused ? publisher.last_refusal_unix_ms : 0);
  object["last_refusal_unix_ms"] = refused ? Json(publisher.last_refusal_unix_ms) : Json(nullptr);
  return object;
}

Json service_json(const ServiceInfo& service) {
  Json object{{"node", service.node},
              {"service", service.service},
              {"up", service.up},
              {"starts", service.starts},
              {"clean_exits", service.clean_exits},
              {"crashes", service.crashes},
              {"losses", service.losses},
              {"restarts", service.restarts},
              {"crash_loop", service.crash_loop}};
  put_time(object, "current_start", service.current_start_unix_ms);
  put_time(object, "previous_start", service.previous_start_unix_ms);
  put_time(object, "last_seen", service.last_seen_unix_ms);
  return object;
}

Json refusal_json(const RefusalInfo& refusal) {
  return {{"time", time_or_null(refusal.unix_ms)},
          {"unix_ms", refusal.unix_ms},
          {"subject", refusal.subject},
          {"reason", refusal.reason},
          {"detail", refusal.detail}};
}

Json family_totals_json(const FamilyTotals& totals) {
  Json list = Json::array();
  for (const auto& [name, total] : totals) {
    list.push_back(Json{{"name", name}, {"total", total}});
  }
  return list;
}

}  // namespace

std::string rfc3339(std::int64_t unix_ms) {
  std::int64_t seconds = unix_ms / 1000;
  std::int64_t millis = unix_ms % 1000;
  if (millis < 0) {
    millis += 1000;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) {
    return {};
  }
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(millis));
  return std::string(text.data(), length) + fraction.data();
}

std::string status_json(const StatusReport& status) {
  Json object{{"status", status.degraded.empty() ? "ok" : "degraded"},
              {"degraded", status.degraded},
              {"version", status.version},
              {"revision", status.revision},
              {"node", status.node}};
  put_time(object, "started", status.started_unix_ms);
  put_time(object, "now", status.now_unix_ms);
  object["nats"] = Json{{"connected", status.nats_connected},
                        {"url", status.nats_url},
                        {"embedded", status.nats_embedded},
                        {"reconnects", status.nats_reconnects},
                        {"last_error", status.nats_last_error}};
  object["recovery"] = Json{
      {"done", status.recovered}, {"state", status.recovery}, {"notes", status.recovery_notes}};
  object["state_dir"] = status.state_dir;
  object["state"] = Json{{"durable", status.state_durable},
                         {"error", status.state_error},
                         {"bytes_written", status.state_bytes_written}};
  put_time(object["state"], "checkpoint", status.checkpoint_unix_ms);
  Json peers = Json::array();
  for (const PeerInfo& peer : status.peers) {
    Json one{{"id", peer.id.to_string()}, {"pair", peer.pair}};
    put_time(one, "last_heard", peer.last_heard_unix_ms);
    put_time(one, "exchanged", peer.exchanged_unix_ms);
    peers.push_back(std::move(one));
  }
  object["pair"] = Json{{"enabled", status.pair},
                        {"peers", std::move(peers)},
                        {"messages_refused", status.peer_messages_refused},
                        {"last_refusal", status.peer_last_refusal}};
  object["registry"] = Json{{"families", status.families}, {"series", status.series}};
  object["frames"] = Json{{"applied", status.frames_applied},
                          {"duplicate", status.frames_duplicate},
                          {"refused", status.frames_refused}};
  return dump(object);
}

std::string publishers_json(const std::vector<PublisherInfo>& publishers,
                            const std::vector<ServiceInfo>& services,
                            const std::vector<RefusalInfo>& refusals) {
  Json object{
      {"publishers", Json::array()}, {"services", Json::array()}, {"refusals", Json::array()}};
  for (const PublisherInfo& publisher : publishers) {
    object["publishers"].push_back(publisher_json(publisher));
  }
  for (const ServiceInfo& service : services) {
    object["services"].push_back(service_json(service));
  }
  for (const RefusalInfo& refusal : refusals) {
    object["refusals"].push_back(refusal_json(refusal));
  }
  return dump(object);
}

std::string totals_json(const TotalsReport& totals) {
  Json object{{"instances", Json::array()},
              {"retired", family_totals_json(totals.retired)},
              {"families", family_totals_json(totals.families)}};
  for (const InstanceTotals& one : totals.instances) {
    object["instances"].push_back(Json{{"instance", one.instance},
                                       {"node", one.node},
                                       {"service", one.service},
                                       {"state", instance_state_name(one.state)},
                                       {"seq", one.seq},
                                       {"increments_published", one.increments_published},
                                       {"increments_applied", one.increments_applied},
                                       {"increments_refused", one.increments_refused},
                                       {"families", family_totals_json(one.families)}});
  }
  return dump(object);
}

}  // namespace weir::sidecar::http
