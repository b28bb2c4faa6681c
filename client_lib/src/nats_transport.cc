#include "nats_transport.h"

#include <algorithm>
#include <cstring>

#include "nkey_file.h"

namespace weir {
namespace {

constexpr std::int64_t kConnectTimeoutMs = 1000;
constexpr std::int64_t kWriteDeadlineMs = 2000;
constexpr std::int64_t kPingIntervalMs = 10'000;
constexpr int kPingsUnansweredMax = 2;
constexpr std::int64_t kReconnectWaitMinMs = 100;
constexpr std::int64_t kReconnectWaitMaxMs = 5000;
constexpr std::size_t kPayloadBytesDefault = 1u << 20;
// Not zero, which means 8 MB of frames that would be stale when they arrive.
constexpr int kReconnectBufferBytes = 1;
constexpr int kMessagesPendingMax = 1024;
constexpr std::chrono::milliseconds kUnsubscribeTimeout{100};

// 0.1 s, 0.2 s, ... 5 s, of which up to a half is left to chance: publishers of one node do not
// come back in one moment. Runs in a thread of nats.c.
std::int64_t reconnect_delay_ms(natsConnection*, int attempts, void*) {
  const int doublings = std::clamp(attempts - 1, 0, 6);
  const std::int64_t wait = std::min(kReconnectWaitMinMs << doublings, kReconnectWaitMaxMs);
  const auto chance = static_cast<std::int64_t>(wire::InstanceId::random().low >> 1);
  return wait / 2 + chance % (wait / 2 + 1);
}

const char* text_or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace

NatsTransport::NatsTransport(std::string client_name, wire::Subjects subjects)
    : client_name_(std::move(client_name)), subjects_(std::move(subjects)) {}

NatsTransport::~NatsTransport() {
  leave();
}

void NatsTransport::connect(const ConnectOptions& options) {
  leave();
  options_ = options;
  shown_url_ = without_secrets(options.url);
  problem_.clear();

  natsOptions* raw_options = nullptr;
  if (!good(natsOptions_Create(&raw_options), "options")) {
    return;
  }
  const NatsOptions owned_options(raw_options);
  if (!set_options(raw_options)) {
    return;
  }
  natsStatistics* raw_statistics = nullptr;
  if (!good(natsStatistics_Create(&raw_statistics), "statistics")) {
    return;
  }
  statistics_.reset(raw_statistics);
  // The first connection is made here, not by nats.c in the background: only so is the reason of a
  // failure to be had. A connection that was made once nats.c makes again by itself.
  natsConnection* raw_connection = nullptr;
  ++opened_;
  if (good(natsConnection_Connect(&raw_connection, raw_options), "cannot connect")) {
    connection_.reset(raw_connection);
  }
}

bool NatsTransport::is_closed() const {
  return connection_.get() == nullptr ||
         natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CLOSED;
}

void NatsTransport::leave() {
  message_.reset();
  subscriptions_ = {};
  listening_as_ = {};
  connection_.close();
}

bool NatsTransport::good(natsStatus status, const char* what) {
  if (status == NATS_OK) {
    return true;
  }
  std::string_view why = natsStatus_GetText(status);
  natsStatus last_status = NATS_OK;
  if (const char* last = nats_GetLastError(&last_status);
      last != nullptr && *last != '\0' && last_status == status) {
    why = last;
    // The library puts its source line in front: "(conn.c:2088): No server available".
    if (const std::size_t end = why.find("): "); why.starts_with('(') && end != why.npos) {
      why.remove_prefix(end + 3);
    }
  }
  problem_ = std::string(what) + ": " + std::string(why);
  return false;
}

bool NatsTransport::set_options(natsOptions* options) {
  return good(natsOptions_SetURL(options, options_.url.c_str()), "url") &&
         good(natsOptions_SetName(options, client_name_.c_str()), "name") &&
         good(natsOptions_SetNoEcho(options, true), "no echo") &&
         good(natsOptions_SetTimeout(options, kConnectTimeoutMs), "timeout") &&
         good(natsOptions_SetWriteDeadline(options, kWriteDeadlineMs), "write deadline") &&
         good(natsOptions_SetPingInterval(options, kPingIntervalMs), "ping interval") &&
         good(natsOptions_SetMaxPingsOut(options, kPingsUnansweredMax), "pings") &&
         good(natsOptions_SetMaxReconnect(options, -1), "reconnect") &&
         good(natsOptions_SetCustomReconnectDelay(options, reconnect_delay_ms, nullptr), "delay") &&
         good(natsOptions_SetReconnectBufSize(options, kReconnectBufferBytes), "buffer") &&
         good(natsOptions_SetMaxPendingMsgs(options, kMessagesPendingMax), "pending") &&
         good(natsOptions_SetSendAsap(options, true), "send asap") && set_proof(options) &&
         set_tls(options);
}

bool NatsTransport::set_proof(natsOptions* options) {
  if (!options_.user.empty() &&
      !good(natsOptions_SetUserInfo(options, options_.user.c_str(), options_.password.c_str()),
            "user")) {
    return false;
  }
  if (!options_.token.empty() &&
      !good(natsOptions_SetToken(options, options_.token.c_str()), "token")) {
    return false;
  }
  if (!options_.credentials_file.empty() &&
      !good(natsOptions_SetUserCredentialsFromFiles(options, options_.credentials_file.c_str(),
                                                    nullptr),
            "credentials file")) {
    return false;
  }
  if (!options_.nkey_seed_file.empty()) {
    const auto text = Surroundings::of_this_process().read_file(options_.nkey_seed_file);
    const std::string key = public_nkey_of(text.value_or(""));
    if (key.empty()) {
      problem_ = "nkey file " + options_.nkey_seed_file +
                 (text ? ": holds no public key (U...) besides the seed, as `nk -gen user -pubout` "
                         "prints them"
                       : ": can not be read");
      return false;
    }
    return good(natsOptions_SetNKeyFromSeed(options, key.c_str(), options_.nkey_seed_file.c_str()),
                "nkey file");
  }
  return true;
}

bool NatsTransport::set_tls(natsOptions* options) {
  const bool wanted = options_.url.find("tls://") != std::string::npos ||
                      !options_.tls_ca_file.empty() || !options_.tls_cert_file.empty();
  if (!wanted) {
    return true;
  }
  if (!good(natsOptions_SetSecure(options, true), "tls")) {
    return false;
  }
  if (!options_.tls_ca_file.empty() &&
      !good(natsOptions_LoadCATrustedCertificates(options, options_.tls_ca_file.c_str()),
            "tls certificate authority")) {
    return false;
  }
  return options_.tls_cert_file.empty() ||
         good(natsOptions_LoadCertificatesChain(options, options_.tls_cert_file.c_str(),
                                                text_or_null(options_.tls_key_file)),
              "tls certificate");
}

Transport::Link NatsTransport::link() {
  return connection_.get() != nullptr &&
                 natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CONNECTED
             ? Link::kConnected
             : Link::kDown;
}

std::uint64_t NatsTransport::connections() {
  if (connection_.get() == nullptr ||
      natsConnection_GetStats(connection_.get(), statistics_.get()) != NATS_OK) {
    return opened_ << 32;
  }
  std::uint64_t in_messages, in_bytes, out_messages, out_bytes, reconnects = 0;
  (void)natsStatistics_GetCounts(statistics_.get(), &in_messages, &in_bytes, &out_messages,
                                 &out_bytes, &reconnects);
  return opened_ << 32 | (reconnects & 0xffffffff);
}

std::size_t NatsTransport::payload_bytes_max() {
  const std::int64_t bytes =
      connection_.get() == nullptr ? 0 : natsConnection_GetMaxPayload(connection_.get());
  return bytes > 0 ? static_cast<std::size_t>(bytes) : kPayloadBytesDefault;
}

bool NatsTransport::listen(std::string_view node, const wire::InstanceId& instance) {
  if (connection_.get() == nullptr) {
    return false;
  }
  if (listening_as_ == instance && listening_node_ == node) {
    return true;
  }
  reply_prefix_ = subjects_.inbox(instance) + ".";
  const std::array<std::string, 3> wanted = {subjects_.control(node, instance),
                                             subjects_.control_all(node), reply_prefix_ + ">"};
  message_.reset();
  subscriptions_ = {};
  connection_.unsubscribe_all(kUnsubscribeTimeout);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!good(connection_.subscribe(&subscriptions_[i], wanted[i].c_str()), "subscribe")) {
      return false;
    }
  }
  listening_as_ = instance;
  listening_node_ = node;
  return true;
}

bool NatsTransport::publish(std::string_view subject, std::span<const std::uint8_t> bytes,
                            bool answer_wanted) {
  if (connection_.get() == nullptr) {
    return false;
  }
  const std::string to(subject);
  const int length = static_cast<int>(bytes.size());
  if (!answer_wanted) {
    return natsConnection_Publish(connection_.get(), to.c_str(), bytes.data(), length) == NATS_OK;
  }
  const std::string reply = reply_prefix_ + std::to_string(++replies_);
  return natsConnection_PublishRequest(connection_.get(), to.c_str(), reply.c_str(),
                                       reinterpret_cast<const char*>(bytes.data()),
                                       length) == NATS_OK;
}

bool NatsTransport::receive(Message& message) {
  for (natsSubscription* subscription : subscriptions_) {
    if (subscription == nullptr) {
      continue;
    }
    natsMsg* raw = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&raw, subscription, 0);
    if (status != NATS_OK && status != NATS_NO_RESPONDERS) {
      continue;
    }
    message_.reset(raw);
    message.no_responders = status == NATS_NO_RESPONDERS;
    message.bytes = {};
    if (raw != nullptr) {
      message.bytes = {reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(raw)),
                       static_cast<std::size_t>(natsMsg_GetDataLength(raw))};
    }
    return true;
  }
  return false;
}

std::string NatsTransport::why_down() {
  std::string why = problem_;
  const char* last = nullptr;
  if (why.empty() && connection_.get() != nullptr &&
      natsConnection_GetLastError(connection_.get(), &last) != NATS_OK && last != nullptr) {
    why = last;
  }
  if (why.empty()) {
    why = "the connection was lost";
  }
  return options_.note.empty() ? why : why + "; " + options_.note;
}

}  // namespace weir
