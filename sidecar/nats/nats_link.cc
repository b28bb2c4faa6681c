#include "sidecar/nats/nats_link.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "client_lib/src/nats_handles.h"
#include "client_lib/src/nkey_file.h"
#include "schemas/codec.h"

namespace weir::sidecar {
namespace {

class FrameMessage final : public Message {
 public:
  explicit FrameMessage(natsMsg* message) : message_(message) {}
  [[nodiscard]] std::string_view subject() const override {
    return natsMsg_GetSubject(message_.get());
  }
  [[nodiscard]] std::string_view reply() const override {
    const char* reply = natsMsg_GetReply(message_.get());
    return reply == nullptr ? std::string_view{} : reply;
  }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const override {
    return {reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(message_.get())),
            static_cast<std::size_t>(natsMsg_GetDataLength(message_.get()))};
  }

 private:
  NatsMessage message_;
};

constexpr std::int64_t kFlushMs = 500;
constexpr std::size_t kKeyframesPerMs = 2;  // that come back when all are asked
constexpr std::uint32_t kSpreadUnknownMs = 500;
constexpr std::uint32_t kSpreadMaxMs = 30'000;

// What a log or a page may show of a URL: no user, password or token.
std::string without_credentials(std::string_view urls) {
  std::string shown;
  while (!urls.empty()) {
    std::string_view url = urls.substr(0, urls.find(','));
    urls.remove_prefix(std::min(urls.size(), url.size() + 1));
    const std::size_t scheme_end = url.find("://");
    const std::size_t host = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
    const std::size_t at = url.rfind('@');
    shown += shown.empty() ? "" : ",";
    shown += url.substr(0, host);
    shown += url.substr(at == std::string_view::npos || at < host ? host : at + 1);
  }
  return shown;
}

}  // namespace

// The library connects again by itself, but gives up for good where a server refuses it twice (a
// token that was changed, a certificate that ran out). So a thread of our own makes a new
// connection whenever one has been closed.
struct NatsLink::Connection {
  explicit Connection(IngestQueue& target) : queue(target) {}

  IngestQueue& queue;
  NatsOptions options;
  std::string url_shown;
  std::string subject;
  std::string peer_subject;
  std::string announce_subject;
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> connections{0};  // made, by us or by the library
  std::atomic<std::uint32_t> spread_ms{kSpreadUnknownMs};
  std::thread keeper;

  mutable std::mutex mutex;  // protects all below
  std::condition_variable changed;
  std::shared_ptr<NatsConnection> nats;  // shared with a send() under way
  bool stopping = false;
  bool closed = true;  // the library calls back for this connection no more
  std::string last_error;

  void remember_error(natsStatus status) {
    const std::lock_guard lock(mutex);
    last_error = status == NATS_OK ? "the connection was lost" : natsStatus_GetText(status);
  }
  // Of a call that this thread just made: the library knows more than the status says.
  void remember_failure(natsStatus status) {
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
    const std::lock_guard lock(mutex);
    last_error = why;
  }

  // From start() to stop(): connect, wait until the connection is closed, connect again.
  void keep() {
    constexpr std::chrono::milliseconds kWaitMin{100};
    constexpr std::chrono::milliseconds kWaitMax{2000};
    std::chrono::milliseconds wait = kWaitMin;
    for (;;) {
      wait = use_one_connection() ? kWaitMin : std::min(wait * 2, kWaitMax);
      std::unique_lock lock(mutex);
      if (changed.wait_for(lock, wait, [this] { return stopping; })) {
        return;
      }
    }
  }

  // False if none could be made.
  bool use_one_connection() {
    {
      const std::lock_guard lock(mutex);
      closed = false;
    }
    natsConnection* raw = nullptr;
    const natsStatus status = natsConnection_Connect(&raw, options.get());
    if (status != NATS_OK) {
      remember_failure(status);
      return false;
    }
    const auto mine = std::make_shared<NatsConnection>(raw);
    const bool hears = subscribe(*mine, subject);
    subscribe(*mine, peer_subject);  // where it is denied, publishers are heard all the same
    if (hears) {
      const std::lock_guard lock(mutex);
      nats = mine;
    }
    if (hears) {
      connections.fetch_add(1);
      connected = true;
      announce(raw);
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return stopping || closed; });
      nats.reset();
    }
    connected = false;
    natsConnection_FlushTimeout(raw, kFlushMs);
    natsConnection_Close(raw);
    // The library's last word on this connection: after it nothing of ours is called.
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(2), [this] { return closed; });
    return true;
  }

  bool subscribe(NatsConnection& to, const std::string& what) {
    natsSubscription* subscription = nullptr;
    const natsStatus status = to.subscribe(&subscription, what.c_str(), on_message, &queue);
    if (status != NATS_OK) {
      remember_failure(status);
      return false;
    }
    // Our own queue is the bound: the callback never waits, so nothing piles up in the library.
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    natsConnection_FlushTimeout(to.get(), kFlushMs);
    return true;
  }

  // A sidecar has started, or NATS has come back: what was missed is asked for again. Not for one
  // publisher, so without an instance of its own: the id that stands here only has to be one.
  void announce(natsConnection* to) const {
    wire::Encoder encoder;
    wire::Frame wanted;
    wanted.kind = wire::Kind::kKeyframeWanted;
    wanted.instance = wire::InstanceId::random();
    wanted.spread_ms = spread_ms;
    const auto bytes = encoder.encode(wanted);
    natsConnection_Publish(to, announce_subject.c_str(), bytes.data(),
                           static_cast<int>(bytes.size()));
  }

  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    static_cast<IngestQueue*>(closure)->push(std::make_unique<FrameMessage>(message));
  }
  static void on_reconnected(natsConnection* nats, void* closure) {
    auto& self = *static_cast<Connection*>(closure);
    self.connections.fetch_add(1);
    self.connected = true;
    self.announce(nats);
  }
  static void on_closed(natsConnection*, void* closure) {
    auto& self = *static_cast<Connection*>(closure);
    const std::lock_guard lock(self.mutex);
    self.connected = false;
    self.closed = true;
    self.changed.notify_all();
  }
  static void on_disconnected(natsConnection* nats, void* closure) {
    auto& self = *static_cast<Connection*>(closure);
    self.connected = false;
    const char* text = nullptr;
    self.remember_error(natsConnection_GetLastError(nats, &text));
  }
  static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
    static_cast<Connection*>(closure)->remember_error(status);
  }
};

NatsLink::NatsLink(IngestQueue& queue)
    : queue_(queue), connection_(std::make_unique<Connection>(queue)) {}

NatsLink::~NatsLink() {
  stop();
}

std::string NatsLink::start(const Options& options) {
  Connection& self = *connection_;
  self.url_shown = without_credentials(options.url);
  self.subject = options.subject;
  self.peer_subject = options.peer_subject;
  self.announce_subject = options.announce_subject;
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) {
    return "NATS: out of memory";
  }
  self.options.reset(raw);

  std::string failure;
  const auto check = [&](natsStatus status, std::string_view what) {
    if (status != NATS_OK && failure.empty()) {
      failure = "NATS: " + std::string(what) + ": " + natsStatus_GetText(status);
      if (const char* detail = nats_GetLastError(nullptr); detail != nullptr && *detail != '\0') {
        failure += " (" + std::string(detail) + ")";
      }
    }
  };
  const NatsConfig& access = options.access;
  constexpr std::int64_t kReconnectWaitMs = 250;
  constexpr std::int64_t kPingIntervalMs = 20'000;
  check(natsOptions_SetURL(raw, options.url.c_str()), "nats.url " + self.url_shown);
  check(natsOptions_SetName(raw, options.name.c_str()), "name");
  check(natsOptions_SetMaxReconnect(raw, -1), "reconnect");
  check(natsOptions_SetReconnectWait(raw, kReconnectWaitMs), "reconnect");
  check(natsOptions_SetReconnectJitter(raw, 100, 500), "reconnect");
  check(natsOptions_SetReconnectBufSize(raw, 64 << 10), "reconnect");
  check(natsOptions_SetPingInterval(raw, kPingIntervalMs), "ping");
  check(natsOptions_SetSendAsap(raw, true), "options");
  check(natsOptions_SetReconnectedCB(raw, Connection::on_reconnected, &self), "callback");
  check(natsOptions_SetDisconnectedCB(raw, Connection::on_disconnected, &self), "callback");
  check(natsOptions_SetClosedCB(raw, Connection::on_closed, &self), "callback");
  check(natsOptions_SetErrorHandler(raw, Connection::on_error, &self), "callback");
  if (!access.user.empty()) {
    check(natsOptions_SetUserInfo(raw, access.user.c_str(), access.password.c_str()), "nats.user");
  }
  if (!access.token.empty()) {
    check(natsOptions_SetToken(raw, access.token.c_str()), "nats.token");
  }
  if (!access.credentials_file.empty()) {
    check(natsOptions_SetUserCredentialsFromFiles(raw, access.credentials_file.c_str(), nullptr),
          "nats.credentials " + access.credentials_file);
  }
  if (!access.nkey_file.empty()) {
    const Result<std::string> key = read_public_nkey(access.nkey_file);
    if (!key.ok()) {
      return "NATS: " + key.reason();
    }
    check(natsOptions_SetNKeyFromSeed(raw, key->c_str(), access.nkey_file.c_str()), "nats.nkey");
  }
  if (!access.tls_ca_file.empty()) {
    check(natsOptions_SetSecure(raw, true), "TLS");
    check(natsOptions_LoadCATrustedCertificates(raw, access.tls_ca_file.c_str()),
          "nats.tls.ca " + access.tls_ca_file);
  }
  if (!access.tls_cert_file.empty()) {
    check(natsOptions_LoadCertificatesChain(raw, access.tls_cert_file.c_str(),
                                            access.tls_key_file.c_str()),
          "nats.tls.cert " + access.tls_cert_file);
  }
  if (!failure.empty()) {
    return failure;
  }

  self.keeper = std::thread([&self] { self.keep(); });
  return {};
}

void NatsLink::stop() {
  Connection& self = *connection_;
  {
    const std::lock_guard lock(self.mutex);
    self.stopping = true;
  }
  self.changed.notify_all();
  if (self.keeper.joinable()) {
    self.keeper.join();
  }
}

void NatsLink::send(std::string_view subject, std::span<const std::uint8_t> bytes) {
  Connection& self = *connection_;
  if (!self.connected) {
    return;  // stale control helps nobody: "keyframe wanted" is asked again
  }
  std::shared_ptr<NatsConnection> nats;
  {
    const std::lock_guard lock(self.mutex);
    nats = self.nats;
  }
  if (nats != nullptr) {
    natsConnection_Publish(nats->get(), std::string(subject).c_str(), bytes.data(),
                           static_cast<int>(bytes.size()));
  }
}

void NatsLink::expect_publishers(std::size_t count) {
  connection_->spread_ms = count == 0 ? kSpreadUnknownMs
                                      : static_cast<std::uint32_t>(std::min<std::size_t>(
                                            count / kKeyframesPerMs, kSpreadMaxMs));
}

LinkStatus NatsLink::status() const {
  const Connection& self = *connection_;
  LinkStatus status;
  status.connected = self.connected;
  status.url = self.url_shown;
  const std::uint64_t connections = self.connections;
  status.reconnects = connections == 0 ? 0 : connections - 1;
  status.shed_frames = queue_.shed();
  status.queued_bytes = queue_.bytes();
  const std::lock_guard lock(self.mutex);
  status.last_error = self.connected ? "" : self.last_error;
  return status;
}

}  // namespace weir::sidecar
