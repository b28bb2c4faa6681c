// What happens to messages and connections.
#include <algorithm>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

constexpr std::size_t kReorderedMax = 12;

std::string describe(const Message& message) {
  const std::string publisher = "P" + std::to_string(message.publisher);
  if (message.to == Message::To::kSidecar) {
    return message.statement == nullptr
               ? "a stranger's message"
               : publisher + "'s " + name_of(message.statement->kind) + " " +
                     std::to_string(message.statement->instance + 1) + "#" +
                     std::to_string(message.statement->seq);
  }
  wire::Decoder decoder;
  if (message.bytes.empty()) {
    return "\"no responders\" to " + publisher;
  }
  (void)decoder.decode(message.bytes);
  return std::string(name_of(decoder.frame().kind)) + " to " + publisher +
         (decoder.frame().kind == wire::Kind::kAck
              ? " of " + std::to_string(decoder.frame().seq) +
                    (decoder.frame().durable ? ", durable" : "")
              : "");
}

}  // namespace

void World::from_sidecar(std::string_view subject, std::span<const std::uint8_t> bytes) {
  for (std::size_t index = 0; index < publishers_.size(); ++index) {
    if (publishers_[index]->hears(subject)) {
      bus_.send({Message::To::kPublisher,
                 index,
                 sidecar_.life(),
                 std::string(subject),
                 {},
                 {bytes.begin(), bytes.end()},
                 nullptr});
    }
  }
}

void World::deliver(const Message& message) {
  if (message.to == Message::To::kPublisher) {
    Publisher& to = *publishers_[message.publisher];
    if (to.receive(message.bytes, message.life)) {
      trace_.say("  ", describe(message), " arrives");
    }
    return;
  }
  if (!sidecar_.running() || sidecar_.life() != message.life) {
    return;
  }
  if (message.statement != nullptr) {
    publishers_[message.publisher]->account().reached(*message.statement);
  }
  const auto merged = sidecar_.receive(message);
  if (!quiet_ || merged.empty() || !merged.back()->totals.empty()) {
    trace_.say("  sidecar gets ", describe(message), merged.empty() ? ", not merged" : "");
  }
  for (const auto& statement : merged) {
    publishers_[statement->publisher]->account().heard(*statement);
  }
}

void World::deliver(const Action& action) {
  for (std::size_t n = 1 + action.r1 % 3; n > 0 && !bus_.empty(); --n) {
    deliver(bus_.take(0));
  }
}

void World::deliver_all(const Action&) {
  for (std::size_t n = bus_.size(); n > 0 && !bus_.empty(); --n) {
    deliver(bus_.take(0));
  }
}

void World::deliver_later(const Action& action) {
  if (!bus_.empty()) {
    deliver(bus_.take(action.r1 % std::min(bus_.size(), kReorderedMax)));
  }
}

void World::drop(const Action& action) {
  if (action.r2 % 4 == 0) {
    trace_.say("the bus loses all ", bus_.size(), " messages");
    bus_.lose_all();
  }
  for (std::size_t n = 1 + action.r2 % 3; n > 0 && !bus_.empty(); --n) {
    const Message message = bus_.take(action.r1 % std::min(bus_.size(), kReorderedMax));
    trace_.say("  the bus loses ", describe(message));
  }
}

void World::duplicate(const Action& action) {
  if (!bus_.empty()) {
    bus_.send(bus_.at(action.r1 % std::min(bus_.size(), kReorderedMax)));
    trace_.say("  the bus repeats ", describe(bus_.at(bus_.size() - 1)));
  }
}

void World::drain() {
  // An answer to an answer to an answer: the limit only guards against a loop.
  for (std::size_t n = 0; n < 1000 && !bus_.empty(); ++n) {
    deliver(bus_.take(0));
  }
}

void World::cut_link(const Action& action) {
  if (Publisher* publisher = some_publisher(action)) {
    publisher->set_link(false);
    trace_.say(publisher->name(), " loses its connection");
  }
}

void World::mute_link(const Action& action) {
  if (Publisher* publisher = some_publisher(action)) {
    publisher->set_mute(true);
    trace_.say(publisher->name(), " is cut off and does not know");
  }
}

void World::mend_link(const Action& action) {
  if (Publisher* publisher = some_publisher(action)) {
    publisher->set_link(nats_up_);
    publisher->set_mute(false);
    trace_.say(publisher->name(), " is reachable again");
  }
}

void World::hole(const Action& action) {
  Publisher* publisher = some_publisher(action);
  if (publisher == nullptr || publisher->leaving()) {
    return;
  }
  publisher->set_mute(true);
  publisher->flush(now());
  publisher->set_mute(false);
  advance(6000);  // a heartbeat shows the hole
  publisher->flush(now());
  deliver_all({});
  trace_.say("the bus loses all ", bus_.size(), " messages");
  bus_.lose_all();
}

void World::nats_down(const Action&) {
  if (!nats_up_) {
    return;
  }
  nats_up_ = false;
  bus_.lose_all();
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    publisher->set_link(false);
  }
  sidecar_.set_connected(false);
  trace_.say("NATS is away");
}

void World::nats_up(const Action&) {
  if (nats_up_) {
    return;
  }
  nats_up_ = true;
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    publisher->set_link(true);
  }
  trace_.say("NATS is back");
  sidecar_.set_connected(true);
  announce();
}

// As the sidecar's connection does whenever it is made: what was missed is asked for.
void World::announce() {
  if (!sidecar_.running() || !nats_up_) {
    return;
  }
  wire::Encoder encoder;
  wire::Frame wanted;
  wanted.kind = wire::Kind::kKeyframeWanted;
  wanted.instance = {1, 1};
  from_sidecar(wire::Subjects{}.control_all(kNode), encoder.encode(wanted));
}

// A copy of some frame that is damaged, cut off, or on a subject that is not its own.
void World::stranger(const Action& action) {
  if (bus_.empty() || !sidecar_.running() || !nats_up_) {
    return;
  }
  Message message = bus_.at(action.r1 % bus_.size());
  message.to = Message::To::kSidecar;
  message.life = sidecar_.life();
  message.statement = nullptr;
  message.subject = "weir.v1.pub.node-1.stranger.0000000000000000000000000000" +
                    std::to_string(1000 + action.r2 % 9000);
  if (action.r2 % 3 == 0 && !message.bytes.empty()) {
    message.bytes.resize(action.r2 % message.bytes.size());
  } else if (action.r2 % 3 == 1 && !message.bytes.empty()) {
    message.bytes[(action.r2 >> 8) % message.bytes.size()] ^=
        static_cast<std::uint8_t>(1 + (action.r2 >> 4) % 255);
  }
  bus_.send(std::move(message));
}

}  // namespace weir::simulation
