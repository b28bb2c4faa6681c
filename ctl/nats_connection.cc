#include "ctl/nats_connection.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "client_lib/src/nkey_file.h"

namespace weir::ctl {
namespace {

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

}  // namespace

Result<NatsConnection> connect_nats(const NatsTarget& target, std::chrono::milliseconds timeout) {
  natsOptions* raw_options = nullptr;
  if (const natsStatus status = natsOptions_Create(&raw_options); status != NATS_OK) {
    return Status::error(describe(status));
  }
  const NatsOptions options(raw_options);
  if (const auto error = configure(options.get(), target, timeout)) {
    return Status::error(*error);
  }
  natsConnection* raw_connection = nullptr;
  const natsStatus status = natsConnection_Connect(&raw_connection, options.get());
  NatsConnection connection(raw_connection);
  if (status != NATS_OK) {
    return Status::error(describe(status));
  }
  return connection;
}

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

}  // namespace weir::ctl
