#include "tests/simulation/sidecar.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/publisher.h"
#include "tests/simulation/violation.h"

namespace weir::simulation {
namespace {

constexpr std::uint64_t kPeerIds = 0x7061'6972;  // no publisher's
constexpr std::uint64_t kSeedsOfSide = 1'000'000;
constexpr std::int64_t kExchangeMs = 10'000;  // instead of a minute, so that runs need not last

}  // namespace

sidecar::Recovery Sidecar::start(std::int64_t now_unix_ms, std::uint64_t machine_life,
                                 bool nats_connected, bool pair) {
  ++life_;
  received_ = applied_ = strange_ = 0;
  undecided_.clear();
  now_unix_ms_ = now_unix_ms;
  sidecar::EngineOptions options;
  options.node = kNode;
  options.ingest.sender = kNode;
  options.durable.node = kNode;
  options.durable.boot_id = "boot-" + std::to_string(machine_life);
  options.durable.step_bytes = 100;  // a few series at once, with a death in between
  options.peers.pair = pair;
  options.peers.self = {kPeerIds + side_, life_};
  options.peers.exchange_ms = kExchangeMs;
  storage_ = disk_.open();
  ControlSink& control = *this;
  engine_ = std::make_unique<sidecar::Engine>(
      std::move(options), control, [this] { return now_unix_ms_; },
      [this](std::uint32_t pid, std::uint64_t pid_namespace, std::int64_t) {
        return pid_namespace != kNamespaceOfSidecar || is_alive_(pid);
      },
      life_ + side_ * kSeedsOfSide, storage_.get());
  FoldSink& sink = *this;
  folder_ = std::make_unique<sidecar::Folder>(cells_, sink);
  census_ = std::make_unique<sidecar::Census>(cells_);
  engine_->watch_cells();
  set_connected(nats_connected);
  return engine_->recover();
}

void Sidecar::kill() {
  disk_.close();
  engine_.reset();
  storage_.reset();
}

bool Sidecar::leave() {
  const std::uint64_t failures = disk_.failures();
  engine_->part();
  engine_->commit();
  engine_->leave();
  return durable() && failures == disk_.failures();
}

sidecar::FoldSink::Outcome Sidecar::fold(std::string_view subject, Frames frames) {
  received_ += frames.size();
  if (!engine_->fold(subject, frames)) {
    return Outcome::kRefused;
  }
  applied_ = engine_->status().frames_applied;
  return engine_->commit() ? Outcome::kDurable : Outcome::kLater;
}

void Sidecar::commit() {
  engine_->commit();
}

bool Sidecar::checkpoint_when_due() {
  const std::int64_t before = engine_->status().checkpoint_unix_ms;
  engine_->keep();
  return engine_->status().checkpoint_unix_ms != before;
}

void Sidecar::set_connected(bool connected) {
  if (engine_ != nullptr) {
    sidecar::LinkStatus link;
    link.connected = connected;
    engine_->set_link(link);
  }
}

std::vector<std::shared_ptr<const Statement>> Sidecar::receive(const Message& message) {
  engine_->receive(message.subject, message.reply, message.bytes);
  ++received_;
  const std::uint64_t applied = engine_->status().frames_applied;
  const std::uint64_t newly_applied = applied - std::exchange(applied_, applied);
  if (message.statement == nullptr) {
    ++strange_;
    return {};
  }
  const Statement& statement = *message.statement;
  if (statement.parts == 1) {
    return newly_applied == 0 ? decltype(undecided_){} : decltype(undecided_){message.statement};
  }
  undecided_.push_back(message.statement);
  if (newly_applied == 0) {
    return {};
  }
  const auto of_the_same = [&](const std::shared_ptr<const Statement>& other) {
    return other->seq - other->part == statement.seq - statement.part &&
           other->instance == statement.instance && other->kind == statement.kind &&
           other->publisher == statement.publisher;
  };
  decltype(undecided_) whole;
  std::copy_if(undecided_.begin(), undecided_.end(), std::back_inserter(whole), of_the_same);
  std::erase_if(undecided_, of_the_same);
  return whole;
}

void Sidecar::receive_from_peer(const Message& message) {
  engine_->receive(message.subject, {}, message.bytes);
}

void Sidecar::tick() {
  engine_->tick();
}

void Sidecar::exchange() {
  engine_->exchange();
}

Page Sidecar::scrape(bool from_scraper) {
  sidecar::Selection selection;
  selection.names = {"sim_*"};
  selection.from_scraper = from_scraper;
  return read_page(engine_->metrics(sidecar::Format::kPrometheusText, selection));
}

void Sidecar::check_accounts(bool at_rest) const {
  const sidecar::StatusReport status = engine_->status();
  const std::uint64_t decided =
      status.frames_applied + status.frames_duplicate + status.frames_refused;
  if (decided > received_ || (at_rest && decided != received_)) {
    throw Violation{Invariant::kAccounted,
                    std::to_string(received_) + " frames received, " +
                        std::to_string(status.frames_applied) + " applied, " +
                        std::to_string(status.frames_duplicate) + " duplicate, " +
                        std::to_string(status.frames_refused) + " refused"};
  }
  if (status.peer_messages_refused > 0) {
    throw Violation{Invariant::kAccounted,
                    "refused of the other sidecar: " + status.peer_last_refusal};
  }
  for (const sidecar::RefusalInfo& refusal : engine_->refusals()) {
    if (refusal.reason != "incomplete" && refusal.subject.find(".stranger.") == std::string::npos) {
      throw Violation{Invariant::kAccounted, "refused of " + refusal.subject + ": " +
                                                 refusal.reason + ", " + refusal.detail};
    }
  }
}

}  // namespace weir::simulation
