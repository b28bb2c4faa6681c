#include "ctl/nats_probe.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <memory>
#include <optional>

#include "client_lib/src/nkey_file.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"

namespace weir::ctl {
namespace {

template <auto destroy>
struct Destroy {
  template <typename Handle>
  void operator()(Handle* handle) const {
    destroy(handle);
  }
};
using Options = std::unique_ptr<natsOptions, Destroy<natsOptions_Destroy>>;
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;

std::string describe(natsStatus status) {
  // The detail is "(conn.c:2088): why": where in the library helps nobody here.
  const char* last_error = nats_GetLastError(nullptr);
  std::string_view detail = last_error == nullptr ? "" : last_error;
  if (const std::size_t end = detail.find("): "); detail.starts_with('(') && end != detail.npos) {
    detail.remove_prefix(end + 3);
  }
  const std::string_view text = natsStatus_GetText(status);
  return detail.empty() || detail == text ? std::string(text)
                                          : fmt::format("{} ({})", text, detail);
}

// Applies each option that is set; the first that fails is named.
std::optional<std::string> configure(natsOptions* options, const NatsTarget& target,
                                     std::chrono::milliseconds timeout) {
  const auto failed = [](const char* what, natsStatus status) -> std::optional<std::string> {
    if (status == NATS_OK) {
      return std::nullopt;
    }
    return fmt::format("cannot use {}: {}", what, describe(status));
  };
  const auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  std::optional<std::string> error = failed("the NATS URL", [&] {
    natsStatus status = natsOptions_SetURL(options, target.url.c_str());
    if (status == NATS_OK) status = natsOptions_SetName(options, "weirctl");
    if (status == NATS_OK) status = natsOptions_SetTimeout(options, timeout.count());
    if (status == NATS_OK) status = natsOptions_SetAllowReconnect(options, false);
    return status;
  }());
  if (!error && !target.user.empty()) {
    error = failed("the user name",
                   natsOptions_SetUserInfo(options, target.user.c_str(), target.password.c_str()));
  }
  if (!error && !target.token.empty()) {
    error = failed("the token", natsOptions_SetToken(options, target.token.c_str()));
  }
  if (!error && !target.credentials_file.empty()) {
    error = failed("the credentials file", natsOptions_SetUserCredentialsFromFiles(
                                               options, target.credentials_file.c_str(), nullptr));
  }
  if (!error && !target.nkey_file.empty()) {
    const Result<std::string> key = read_public_nkey(target.nkey_file);
    error = key.ok() ? failed("the nkey", natsOptions_SetNKeyFromSeed(options, key->c_str(),
                                                                      target.nkey_file.c_str()))
                     : std::optional<std::string>("cannot use the " + key.reason());
  }
  if (!error && !target.tls_ca_file.empty()) {
    error = failed("the CA file",
                   natsOptions_LoadCATrustedCertificates(options, target.tls_ca_file.c_str()));
  }
  if (!error && !target.tls_cert_file.empty()) {
    error = failed("the certificate",
                   natsOptions_LoadCertificatesChain(options, given(target.tls_cert_file),
                                                     given(target.tls_key_file)));
  }
  return error;
}

std::string connected_url(natsConnection* connection, const std::string& wanted) {
  char url[512];
  return natsConnection_GetConnectedUrl(connection, url, sizeof url) == NATS_OK ? url : wanted;
}

// One frame of an instance that has never been seen, its answer expected where control messages go.
void ask_who_serves(natsConnection* connection, const std::string& prefix, const std::string& node,
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

  natsSubscription* raw_subscription = nullptr;
  natsStatus status = natsConnection_SubscribeSync(&raw_subscription, connection, control.c_str());
  const Subscription subscription(raw_subscription);
  if (status == NATS_OK) {
    status = natsConnection_PublishRequest(connection, subject.c_str(), control.c_str(),
                                           bytes.data(), static_cast<int>(bytes.size()));
  }
  if (status == NATS_OK) {
    status = natsConnection_FlushTimeout(connection, timeout.count());
  }
  if (status != NATS_OK) {
    findings.error = fmt::format("cannot ask on {}: {}", subject, describe(status));
    return;
  }
  const char* server_error = nullptr;
  natsMsg* raw_message = nullptr;
  status = natsSubscription_NextMsg(&raw_message, subscription.get(), timeout.count());
  const Message message(raw_message);
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
  } else if (natsConnection_GetLastError(connection, &server_error) == NATS_NOT_PERMITTED) {
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
  natsOptions* raw_options = nullptr;
  if (const natsStatus status = natsOptions_Create(&raw_options); status != NATS_OK) {
    findings.error = describe(status);
    return findings;
  }
  const Options options(raw_options);
  if (const auto error = configure(options.get(), target, timeout)) {
    findings.error = *error;
    return findings;
  }
  natsConnection* raw_connection = nullptr;
  const natsStatus status = natsConnection_Connect(&raw_connection, options.get());
  const Connection connection(raw_connection);
  if (status != NATS_OK) {
    findings.error = describe(status);
    return findings;
  }
  findings.connected = true;
  findings.url = without_credentials(connected_url(connection.get(), target.url));
  std::int64_t nanoseconds = 0;
  if (natsConnection_GetRTT(connection.get(), &nanoseconds) == NATS_OK) {
    findings.round_trip = std::chrono::microseconds(nanoseconds / 1000);
  }
  ask_who_serves(connection.get(), target.subject_prefix, node, timeout, findings);
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
