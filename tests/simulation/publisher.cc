#include "tests/simulation/publisher.h"

#include <unistd.h>

#include <utility>

#include "schemas/mutant.h"
#include "schemas/subjects.h"
#include "tests/simulation/cells_folder.h"

namespace weir::simulation {
namespace {

std::unique_ptr<Registry> make_registry(bool with_cells_file) {
  RegistryOptions options;
  options.cells_dir = with_cells_file ? CellsFolder::folder() : "none";
  return std::make_unique<Registry>(std::move(options));
}

}  // namespace

Publisher::Publisher(Traits traits, Instant now, Send send)
    : traits_(traits), send_(std::move(send)), registry_(make_registry(traits.cells)) {
  cells_file_ = registry_->cells().file;
  owed_ = !cells_file_.empty();
  const std::vector<std::string> labels = {std::string(kLabelName)};
  hits_ = *registry_->counter_family(
      {.name = std::string(kFamilyNames[0]), .help = "h", .labels = labels});
  work_ = *registry_->double_counter_family(
      {.name = std::string(kFamilyNames[1]), .help = "h", .labels = labels});
  const auto& bounds = kBounds[traits_.version];
  size_ = *registry_->histogram_family({.name = std::string(kFamilyNames[2]),
                                        .help = "h",
                                        .labels = labels,
                                        .bounds = {bounds.begin(), bounds.end()}});
  make_core(now);
}

void Publisher::make_core(Instant now) {
  PublisherSettings settings;
  settings.identity.node = kNode;
  settings.identity.service = kServiceNames[traits_.service];
  settings.identity.pid = pid();
  settings.identity.pid_namespace = traits_.same_namespace ? kNamespaceOfSidecar : 99;
  settings.identity.started_unix_ms = now.unix_ms;
  settings.identity.flush_interval_ms = 1000;
  settings.identity.heartbeat_interval_ms = 5000;
  Transport& transport = *this;
  core_ =
      std::make_unique<PublisherCore>(registry_->core(), std::move(settings), transport, [this] {
        account_.begin_instance();
        return wire::InstanceId{traits_.index + 1, account_.instances()};
      });
}

Publisher::~Publisher() {
  kill();
  unlink_cells_file();
}

void Publisher::count(Key key, std::uint64_t times) {
  if (!made_[key.index()]) {
    made_[key.index()] = true;
    account_.define(key);
  }
  shown_[key.index()] = true;
  account_.count(key, static_cast<double>(times));
  const std::string who = label_value(key.label);
  switch (key.kind()) {
    case FamilyKind::kInteger:
      hits_.with(who).inc(times);
      break;
    case FamilyKind::kDouble:
      work_.with(who).inc(kWork * static_cast<double>(times));
      break;
    case FamilyKind::kHistogram:
      for (Histogram histogram = size_.with(who); times > 0; --times) {
        histogram.observe(observed(key.label));
      }
      break;
  }
}

void Publisher::remove(Key key) {
  if (!made_[key.index()]) {
    return;
  }
  shown_[key.index()] = false;
  removed_[key.index()] = true;
  const std::string who = label_value(key.label);
  switch (key.kind()) {
    case FamilyKind::kInteger:
      return hits_.remove(who);
    case FamilyKind::kDouble:
      return work_.remove(who);
    case FamilyKind::kHistogram:
      return size_.remove(who);
  }
}

void Publisher::flush(Instant now) {
  if (core_ != nullptr) {
    core_->flush_at_next_tick();
    tick(now);
  }
}

void Publisher::tick(Instant now) {
  if (core_ != nullptr) {
    has_run_ = true;
    core_->on_tick(now);
    exit_if_finished();
  }
}

void Publisher::goodbye(Instant now) {
  if (core_ == nullptr) {
    return;
  }
  leaving_ = true;
  core_->begin_goodbye(now);
  tick(now);
}

void Publisher::exit_if_finished() {
  if (core_->finished()) {
    acknowledged_ = core_->status().goodbye_acknowledged;
    has_ended_ = true;
    core_.reset();
    shown_ = {};
    if (cells_file_.empty()) {
      kill();
    } else if (acknowledged_ && mutant::lacks(mutant::Rule::kSidecarDeletesCells)) {
      unlink_cells_file();
    }
  }
}

void Publisher::kill() {
  alive_ = false;
  shown_ = {};
  core_.reset();
  registry_.reset();
}

void Publisher::excuse_cells_file() {
  unlink_cells_file();
  owed_ = false;
}

void Publisher::unlink_cells_file() {
  if (!cells_file_.empty()) {
    (void)::unlink(cells_file_.c_str());
  }
  cells_file_.clear();
}

void Publisher::set_link(bool connected) {
  if (connected && !connected_) {
    ++connections_;
    inbox_.clear();
  }
  connected_ = connected;
}

bool Publisher::listen(std::string_view node, const wire::InstanceId& instance) {
  listening_ = wire::Subjects{}.control(node, instance);
  return true;
}

bool Publisher::publish(std::string_view subject, std::span<const std::uint8_t> bytes,
                        bool answer_wanted) {
  (void)decoder_.decode(bytes);
  auto statement = std::make_shared<Statement>(
      read_statement(decoder_.frame(), traits_.index, decoder_.frame().instance.low - 1));
  account_.stated(*statement);
  if (!connected_) {
    return false;
  }
  send_(*this, subject, bytes, answer_wanted, std::move(statement));
  return true;
}

bool Publisher::hears(std::string_view subject) const {
  return alive_ && (subject == listening_ || subject == wire::Subjects{}.control_all(kNode) ||
                    subject == "reply." + std::to_string(traits_.index));
}

bool Publisher::receive(std::vector<std::uint8_t> bytes, std::size_t side,
                        std::uint64_t sidecar_life) {
  if (!alive_ || !connected_ || mute_) {
    return false;
  }
  inbox_.push_back({std::move(bytes), side, sidecar_life});
  return true;
}

bool Publisher::receive(Message& message) {
  if (inbox_.empty()) {
    return false;
  }
  current_ = std::move(inbox_.front().bytes);
  if (!current_.empty() && !decoder_.decode(current_) &&
      decoder_.frame().kind == wire::Kind::kAck) {
    answer_ = {inbox_.front().side, inbox_.front().sidecar_life, decoder_.frame().durable};
  }
  inbox_.pop_front();
  message.no_responders = current_.empty();
  message.bytes = current_;
  return true;
}

}  // namespace weir::simulation
