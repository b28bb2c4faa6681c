// What publishers do.
#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

// Few series, so that publishers meet in them. The long ones are for those that they are made for.
Key key_of(std::uint32_t random, const Publisher& publisher) {
  const std::size_t labels = publisher.traits().small_payloads ? kLabels : kWideLabel;
  return {(random >> 2) % kFamilies, (random >> 8) % labels};
}

}  // namespace

Publisher& World::add_publisher(Publisher::Traits traits) {
  traits.index = publishers_.size();
  publishers_.push_back(std::make_unique<Publisher>(
      traits, now(),
      [this](Publisher& from, std::string_view subject, std::span<const std::uint8_t> bytes,
             bool answer_wanted, std::shared_ptr<const Statement> statement) {
        from_publisher(from, subject, bytes, answer_wanted, std::move(statement));
      }));
  Publisher& publisher = *publishers_.back();
  publisher.set_link(nats_up_);
  trace_.say(publisher.name(), " starts: ", kServiceNames[traits.service], " version ",
             traits.version, traits.same_namespace ? "" : ", in another pid namespace",
             traits.small_payloads ? ", small payloads" : "", traits.cells ? ", with cells" : "");
  return publisher;
}

void World::start_publisher(const Action& action) {
  if (publishers_.size() >= kPublishersMax) {
    return;
  }
  Publisher::Traits traits;
  traits.service = action.r1 % 4 == 0 ? 1 : 0;
  traits.version = (action.r1 >> 2) % 2;
  traits.same_namespace = (action.r1 >> 3) % 4 != 0;
  traits.small_payloads = (action.r1 >> 5) % 6 == 0;
  traits.cells = (action.r1 >> 8) % 2 == 0;
  Publisher& publisher = add_publisher(traits);
  for (std::size_t label = kWideLabel; traits.small_payloads && label < kLabels; ++label) {
    publisher.count({0, label}, 1);
    publisher.count({2, label}, 1);
  }
}

Publisher* World::some_publisher(const Action& action) {
  std::vector<Publisher*> living;
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    if (publisher->alive()) {
      living.push_back(publisher.get());
    }
  }
  return living.empty() ? nullptr : living[action.r1 % living.size()];
}

void World::count(const Action& action) {
  Publisher* publisher = some_publisher(action);
  if (action.r2 % 4 == 0) {
    // What is counted between a goodbye and its answer is where counting is hardest.
    for (const std::unique_ptr<Publisher>& other : publishers_) {
      publisher = other->leaving() && other->alive() ? other.get() : publisher;
    }
  }
  if (publisher != nullptr) {
    const Key key = key_of(action.r2, *publisher);
    publisher->count(key, 1 + action.r2 % 3);
    trace_.say(publisher->name(), " counts ", 1 + action.r2 % 3, " on ",
               describe(publisher->traits().service, key), ": ", publisher->account().made(key));
  }
}

// Not with a pair: until when a removed series keeps its total depends on when the two agree.
void World::remove(const Action& action) {
  if (Publisher* publisher = some_publisher(action); publisher != nullptr && !is_pair()) {
    const Key key = key_of(action.r2, *publisher);
    publisher->remove(key);
    trace_.say(publisher->name(), " removes ", describe(publisher->traits().service, key));
  }
}

void World::flush(const Action& action) {
  if (Publisher* publisher = some_publisher(action)) {
    publisher->flush(now());
    see_if_ended(*publisher);
  }
}

void World::tick(const Action& action) {
  if (Publisher* publisher = some_publisher(action)) {
    publisher->tick(now());
    see_if_ended(*publisher);
  }
}

void World::goodbye(const Action& action) {
  if (Publisher* publisher = some_publisher(action); publisher != nullptr && action.r2 % 3 == 0) {
    trace_.say(publisher->name(), " begins its goodbye");
    publisher->goodbye(now());
    see_if_ended(*publisher);
  }
}

void World::kill(const Action& action) {
  if (Publisher* publisher = some_publisher(action); publisher != nullptr && action.r2 % 2 == 0) {
    publisher->kill();
    trace_.say(publisher->name(), " is killed");
  }
}

// Who has an acknowledgement of its goodbye has nothing left to say.
void World::see_if_ended(Publisher& publisher) {
  if (publisher.take_end()) {
    const Publisher::Answer& answer = publisher.answer();
    const Side& side = *sides_[answer.side];
    if (publisher.acknowledged() && answer.durable && answer.sidecar_life > side.lost_life) {
      publisher.account().synced_all(answer.side);
    } else if (publisher.acknowledged() && side.sidecar.running() &&
               answer.sidecar_life == side.sidecar.life()) {
      publisher.account().heard_all(answer.side);
    }
    trace_.say(publisher.name(), publisher.acknowledged() ? " has ended, acknowledged"
                                                          : " has ended, not acknowledged");
  }
}

void World::from_publisher(Publisher& from, std::string_view subject,
                           std::span<const std::uint8_t> bytes, bool answer_wanted,
                           std::shared_ptr<const Statement> statement) {
  const auto say = [&](const char* fate) {
    trace_.say(from.name(), " sends ", name_of(statement->kind), " ", statement->instance + 1, "#",
               statement->seq, statement->parts > 1 ? " (a part)" : "", ", ",
               statement->totals.size(), " totals", fate);
  };
  if (from.mute()) {
    return say(", and nobody hears it");
  }
  if (!some_sidecar_runs()) {
    say(", and nobody is there");
    if (answer_wanted) {
      bus_.send({Message::To::kPublisher, from.traits().index, 0, 0, {}, {}, {}, nullptr});
    }
    return;
  }
  if (!quiet_ || !statement->totals.empty()) {
    say("");
  }
  std::string reply;
  if (answer_wanted) {
    reply = "reply." + std::to_string(from.traits().index);
  }
  for (const std::unique_ptr<Side>& side : sides_) {
    if (side->sidecar.running() && !side->cut_off) {
      bus_.send({Message::To::kSidecar,
                 from.traits().index,
                 side->index,
                 side->sidecar.life(),
                 std::string(subject),
                 reply,
                 {bytes.begin(), bytes.end()},
                 statement});
    }
  }
}

}  // namespace weir::simulation
