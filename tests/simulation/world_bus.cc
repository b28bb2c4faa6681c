// What happens to messages and connections.
#include <algorithm>
#include <array>

#include "sidecar/peers/peer_messages.h"
#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

constexpr std::size_t kReorderedMax = 12;

std::string describe_peers(const Message& message) {
  constexpr std::array kNames = {"?",    "hello",      "leave",  "want",
                                 "base", "statements", "agreed", "done"};
  sidecar::RecordReader reader(message.bytes);
  sidecar::PeerHead head;
  (void)sidecar::read_peer_head(reader, std::string(kNode), head);
  return std::string("the other one's \"") + kNames[static_cast<std::size_t>(head.kind)] +
         "\" for the " + (message.side == 0 ? "first" : "second");
}

std::string describe(const Message& message) {
  const std::string publisher = "P" + std::to_string(message.publisher);
  if (message.to == Message::To::kSidecar) {
    return message.statement == nullptr
               ? "a stranger's message"
               : publisher + "'s " + name_of(message.statement->kind) + " " +
                     std::to_string(message.statement->instance + 1) + "#" +
                     std::to_string(message.statement->seq);
  }
  if (message.to == Message::To::kPeer) {
    return describe_peers(message);
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

void World::from_sidecar(const Side& side, std::string_view subject,
                         std::span<const std::uint8_t> bytes) {
  if (side.cut_off) {
    return;
  }
  Message message{Message::To::kPeer,   0,  side.index, side.sidecar.life(),
                  std::string(subject), {}, {},         nullptr};
  message.bytes.assign(bytes.begin(), bytes.end());
  if (subject == wire::Subjects{}.peers(kNode)) {
    for (const std::unique_ptr<Side>& other : sides_) {
      if (other.get() != &side && nats_up_ && !other->cut_off && other->sidecar.running()) {
        message.side = other->index;
        message.life = other->sidecar.life();
        bus_.send(message);
      }
    }
    return;
  }
  message.to = Message::To::kPublisher;
  for (message.publisher = 0; message.publisher < publishers_.size(); ++message.publisher) {
    if (publishers_[message.publisher]->hears(subject)) {
      bus_.send(message);
    }
  }
}

void World::deliver(const Message& message) {
  if (message.to == Message::To::kPublisher) {
    Publisher& to = *publishers_[message.publisher];
    if (to.receive(message.bytes, message.side, message.life)) {
      trace_.say("  ", describe(message), " arrives");
    }
    return;
  }
  const Side& side = *sides_[message.side];
  if (side.sidecar.running() && side.sidecar.life() == message.life) {
    deliver_to_sidecar(message);
  }
}

void World::deliver_to_sidecar(const Message& message) {
  Side& side = *sides_[message.side];
  if (message.to == Message::To::kPeer) {
    trace_.say("  ", side.name, " gets ", describe(message));
    return side.sidecar.receive_from_peer(message);
  }
  if (message.statement != nullptr) {
    publishers_[message.publisher]->account().reached(*message.statement);
  }
  const auto merged = side.sidecar.receive(message);
  if (!quiet_ || merged.empty() || !merged.back()->totals.empty()) {
    trace_.say("  ", side.name, " gets ", describe(message), merged.empty() ? ", not merged" : "");
  }
  for (const auto& statement : merged) {
    publishers_[statement->publisher]->account().heard(*statement, side.index);
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
  if (is_pair() && (action.r2 >> 8) % 2 == 0) {
    return hold_back(action);
  }
  if (action.r2 % 4 == 0) {
    trace_.say("the bus loses all ", bus_.size(), " messages");
    bus_.lose_all();
  }
  for (std::size_t n = 1 + action.r2 % 3; n > 0 && !bus_.empty(); --n) {
    const Message message = bus_.take(action.r1 % std::min(bus_.size(), kReorderedMax));
    trace_.say("  the bus loses ", describe(message));
  }
}

// Meanwhile one sidecar tells the other what the message would have told it.
void World::hold_back(const Action& action) {
  if (held_back_) {
    bus_.send(std::move(*held_back_));
    held_back_.reset();
  } else if (!bus_.empty()) {
    held_back_ = bus_.take(action.r1 % std::min(bus_.size(), kReorderedMax));
    trace_.say("  the bus holds back ", describe(*held_back_));
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
  if (is_pair() && (action.r2 >> 8) % 2 == 0) {
    return cut_off(some_side(action));
  }
  if (Publisher* publisher = some_publisher(action)) {
    publisher->set_mute(true);
    trace_.say(publisher->name(), " is cut off and does not know");
  }
}

void World::mend_link(const Action& action) {
  if ((action.r2 >> 8) % 2 == 0) {
    some_side(action).cut_off = false;
  }
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
  for (const std::unique_ptr<Side>& side : sides_) {
    side->sidecar.set_connected(false);
  }
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
  for (const std::unique_ptr<Side>& side : sides_) {
    side->sidecar.set_connected(true);
    announce(*side);
  }
}

// As the sidecar's connection does whenever it is made: what was missed is asked for.
void World::announce(const Side& side) {
  if (!side.sidecar.running() || !nats_up_) {
    return;
  }
  wire::Encoder encoder;
  wire::Frame wanted;
  wanted.kind = wire::Kind::kKeyframeWanted;
  wanted.instance = {1, 1};
  from_sidecar(side, wire::Subjects{}.control_all(kNode), encoder.encode(wanted));
}

// A copy of some frame that is damaged, cut off, or on a subject that is not its own.
void World::stranger(const Action& action) {
  const Side& side = some_side(action);
  if (bus_.empty() || !side.sidecar.running() || !nats_up_) {
    return;
  }
  Message message = bus_.at(action.r1 % bus_.size());
  message.to = Message::To::kSidecar;
  message.side = side.index;
  message.life = side.sidecar.life();
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
