#include "tests/fleet/member.h"

#include <utility>

#include "schemas/subjects.h"

namespace fleet {
namespace {

constexpr std::size_t kInboxMax = 1024;  // as the real transport has it

}  // namespace

Member::Member(Group& group, Line& line, Weather& weather, weir::PublisherSettings settings,
               std::uint32_t first_subscription)
    : group_(group),
      line_(line),
      weather_(weather),
      settings_(std::move(settings)),
      first_subscription_(first_subscription),
      core_(make_core()) {}

std::unique_ptr<weir::PublisherCore> Member::make_core() {
  return std::make_unique<weir::PublisherCore>(group_.registry().core(), settings_, *this,
                                               weir::wire::InstanceId::random,
                                               [this] { return weather_.random(); });
}

void Member::begin_anew(std::int64_t now_unix_ms) {
  core_.reset();  // first: it leaves what it stated to its successor
  settings_.identity.started_unix_ms = now_unix_ms;
  inbox_.clear();
  core_ = make_core();
}

void Member::deliver(bool no_responders, std::span<const std::uint8_t> bytes) {
  if (inbox_.size() < kInboxMax) {
    inbox_.push_back({no_responders, {bytes.begin(), bytes.end()}});
  }
}

weir::Transport::Link Member::link() {
  return line_.socket.is_open() ? Link::kConnected : Link::kDown;
}

bool Member::listen(std::string_view node, const weir::wire::InstanceId& instance) {
  if (!line_.socket.is_open()) {
    return false;
  }
  const bool same_connection = subscribed_connection_ == line_.connections;
  if (same_connection && subscribed_as_ == instance) {
    return true;
  }
  const weir::wire::Subjects subjects{settings_.subject_prefix};
  if (same_connection) {
    for (std::uint32_t i = 0; i < kSubscriptions; ++i) {
      line_.socket.unsubscribe(first_subscription_ + i);
    }
  } else {
    inbox_.clear();  // of the connection that was lost
  }
  reply_prefix_ = subjects.inbox(instance) + ".";
  line_.socket.subscribe(subjects.control(node, instance), first_subscription_);
  line_.socket.subscribe(subjects.control_all(node), first_subscription_ + 1);
  line_.socket.subscribe(reply_prefix_ + ">", first_subscription_ + 2);
  subscribed_connection_ = line_.connections;
  subscribed_as_ = instance;
  return true;
}

bool Member::publish(std::string_view subject, std::span<const std::uint8_t> bytes,
                     bool answer_wanted) {
  if (weather_.lose > 0 &&
      std::uniform_real_distribution(0.0, 1.0)(weather_.random) < weather_.lose) {
    ++weather_.frames_lost;
    return true;
  }
  const std::string reply = answer_wanted ? reply_prefix_ + std::to_string(++replies_) : "";
  return line_.socket.publish(subject, reply, bytes);
}

bool Member::receive(Message& message) {
  if (inbox_.empty()) {
    return false;
  }
  current_ = std::move(inbox_.front());
  inbox_.pop_front();
  message.no_responders = current_.no_responders;
  message.bytes = current_.bytes;
  return true;
}

}  // namespace fleet
