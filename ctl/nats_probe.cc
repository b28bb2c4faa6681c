#include "ctl/nats_probe.h"

#include <fmt/format.h>

#include <string_view>

#include "ctl/nats_connection.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"

namespace weir::ctl {
namespace {

std::string connected_url(natsConnection* connection, const std::string& wanted) {
  char url[512];
  return natsConnection_GetConnectedUrl(connection, url, sizeof url) == NATS_OK ? url : wanted;
}

// One frame of an instance that has never been seen, its answer expected where control messages go.
void ask_who_serves(NatsConnection& connection, const std::string& prefix, const std::string& node,
                    std::chrono::milliseconds timeout, NatsFindings& findings) {
  wire::Subjects subjects;
  if (!prefix.empty()) {
    subjects.prefix = prefix;
  }
  wire::Frame question;
  question.instance = wire::InstanceId::random();
  question.seq = 1;
  question.sent_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
  wire::Encoder encoder;
  const auto bytes = encoder.encode(question);
  const std::string subject = subjects.publish(node, "weirctl", question.instance);
  // The reply subject is the control subject: the server's "no responders" and the sidecar's answer
  // then arrive on one subscription.
  const std::string control = subjects.control(node, question.instance);

  natsSubscription* subscription = nullptr;
  natsStatus status = connection.subscribe(&subscription, control.c_str());
  if (status == NATS_OK) {
    status = natsConnection_PublishRequest(connection.get(), subject.c_str(), control.c_str(),
                                           bytes.data(), static_cast<int>(bytes.size()));
  }
  if (status == NATS_OK) {
    status = natsConnection_FlushTimeout(connection.get(), timeout.count());
  }
  if (status != NATS_OK) {
    findings.error = fmt::format("cannot ask on {}: {}", subject, describe(status));
    return;
  }
  const char* server_error = nullptr;
  natsMsg* raw_message = nullptr;
  status = natsSubscription_NextMsg(&raw_message, subscription, timeout.count());
  const NatsMessage message(raw_message);
  if (status == NATS_NO_RESPONDERS || (status == NATS_OK && natsMsg_IsNoResponders(raw_message))) {
    findings.serves = Serves::kNobody;
  } else if (status == NATS_OK) {
    wire::Decoder decoder;
    const auto* data = reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(raw_message));
    const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(raw_message));
    findings.serves = Serves::kYes;
    if (!decoder.decode({data, size})) {
      findings.sender = decoder.frame().sender;
    }
  } else if (natsConnection_GetLastError(connection.get(), &server_error) == NATS_NOT_PERMITTED) {
    findings.serves = Serves::kNotPermitted;
    findings.error = server_error == nullptr ? "not permitted" : server_error;
  } else {
    findings.serves = Serves::kNoAnswer;
  }
}

}  // namespace

NatsFindings probe_nats(const NatsTarget& target, const std::string& node,
                        std::chrono::milliseconds timeout) {
  NatsFindings findings;
  findings.url = without_credentials(target.url);
  Result<NatsConnection> connected = connect_nats(target, timeout);
  if (!connected.ok()) {
    findings.error = connected.reason();
    return findings;
  }
  natsConnection* const connection = connected->get();
  findings.connected = true;
  findings.url = without_credentials(connected_url(connection, target.url));
  std::int64_t nanoseconds = 0;
  if (natsConnection_GetRTT(connection, &nanoseconds) == NATS_OK) {
    findings.round_trip = std::chrono::microseconds(nanoseconds / 1000);
  }
  ask_who_serves(*connected, target.subject_prefix, node, timeout, findings);
  return findings;
}

std::string without_credentials(const std::string& url) {
  std::string clean;
  std::string_view rest = url;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const std::size_t scheme = one.find("://");
    if (const std::size_t at = one.rfind('@'); at != std::string_view::npos) {
      if (scheme != std::string_view::npos) {
        clean += one.substr(0, scheme + 3);
      }
      one.remove_prefix(at + 1);
    }
    clean += one;
    if (!rest.empty()) {
      clean += ',';
    }
  }
  return clean;
}

}  // namespace weir::ctl
