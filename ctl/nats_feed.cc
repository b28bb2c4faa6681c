#include <fmt/format.h>

#include <utility>

#include "ctl/frame_feed.h"
#include "ctl/nats_connection.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"

namespace weir::ctl {
namespace {

constexpr int kMessagesPendingMax = 1'000'000;
constexpr int kBytesPendingMax = 512 << 20;

class NatsFeed final : public FrameFeed {
 public:
  NatsFeed(NatsConnection connection, natsSubscription* subscription, std::string control_subject,
           std::chrono::milliseconds timeout)
      : connection_(std::move(connection)),
        subscription_(subscription),
        control_subject_(std::move(control_subject)),
        timeout_(timeout) {}

  std::span<const std::uint8_t> next(std::chrono::milliseconds at_most) override {
    natsMsg* raw = nullptr;
    if (natsSubscription_NextMsg(&raw, subscription_, at_most.count()) != NATS_OK) {
      return {};
    }
    message_.reset(raw);
    return {reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(raw)),
            static_cast<std::size_t>(natsMsg_GetDataLength(raw))};
  }

  Status ask_for_keyframes(std::chrono::milliseconds spread) override {
    wire::Frame wanted;
    wanted.kind = wire::Kind::kKeyframeWanted;
    wanted.instance = wire::InstanceId::random();  // to all: it means nothing, but may not be zero
    wanted.sender = "weirctl";
    wanted.spread_ms = static_cast<std::uint32_t>(spread.count());
    const auto bytes = encoder_.encode(wanted);
    natsStatus status = natsConnection_Publish(connection_.get(), control_subject_.c_str(),
                                               bytes.data(), static_cast<int>(bytes.size()));
    if (status == NATS_OK) {
      status = natsConnection_FlushTimeout(connection_.get(), timeout_.count());
    }
    // What the server forbids it says beside the flush.
    const char* server_error = nullptr;
    if (status == NATS_OK &&
        natsConnection_GetLastError(connection_.get(), &server_error) == NATS_NOT_PERMITTED) {
      return Status::error(server_error == nullptr ? "not permitted" : server_error);
    }
    return status == NATS_OK ? Status{}
                             : Status::error(fmt::format("cannot ask on {}: {}", control_subject_,
                                                         describe(status)));
  }

 private:
  NatsConnection connection_;
  natsSubscription* const subscription_;
  NatsMessage message_;
  std::string control_subject_;
  std::chrono::milliseconds timeout_;
  wire::Encoder encoder_;
};

}  // namespace

Result<std::unique_ptr<FrameFeed>> listen_to_node(const NatsTarget& target, const std::string& node,
                                                  std::chrono::milliseconds timeout) {
  Result<NatsConnection> connection = connect_nats(target, timeout);
  if (!connection.ok()) {
    return connection.status();
  }
  wire::Subjects subjects;
  if (!target.subject_prefix.empty()) {
    subjects.prefix = target.subject_prefix;
  }
  const std::string subject = subjects.publish_of_node(node);
  natsSubscription* subscription = nullptr;
  natsStatus status = connection->subscribe(&subscription, subject.c_str());
  if (status == NATS_OK) {
    status = natsSubscription_SetPendingLimits(subscription, kMessagesPendingMax, kBytesPendingMax);
  }
  if (status == NATS_OK) {
    status = natsConnection_FlushTimeout(connection->get(), timeout.count());
  }
  if (status != NATS_OK) {
    return Status::error(fmt::format("cannot listen on {}: {}", subject, describe(status)));
  }
  return std::unique_ptr<FrameFeed>(std::make_unique<NatsFeed>(
      std::move(*connection), subscription, subjects.control_all(node), timeout));
}

}  // namespace weir::ctl
