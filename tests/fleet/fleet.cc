#include "tests/fleet/fleet.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

namespace fleet {
namespace {

using nlohmann::json;

constexpr std::int64_t kConnectAgainMs = 50;
constexpr std::int64_t kCountEveryMs = 100;
constexpr int kWaitMs = 2;

weir::Instant now() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return {duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(),
          duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

std::uint64_t pid_namespace() {
  struct stat info {};
  return ::stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
}

weir::PublisherSettings settings_of(const Options& options, const Group& group) {
  weir::PublisherSettings settings;
  settings.identity.node = options.node;
  settings.identity.service = group.service();
  settings.identity.pid = static_cast<std::uint32_t>(::getpid());
  settings.identity.pid_namespace = pid_namespace();
  settings.identity.started_unix_ms = now().unix_ms;
  settings.identity.flush_interval_ms = static_cast<std::uint32_t>(options.flush_interval_ms);
  settings.identity.heartbeat_interval_ms =
      static_cast<std::uint32_t>(options.heartbeat_interval_ms);
  settings.flush_interval_ms = options.flush_interval_ms;
  settings.heartbeat_interval_ms = options.heartbeat_interval_ms;
  settings.goodbye_timeout_ms = 5000;
  return settings;
}

}  // namespace

Fleet::Fleet(Options options) : options_(std::move(options)), random_(options_.seed) {
  weather_.random.seed(options_.seed + 1);
  for (std::size_t i = 0; i < options_.lines; ++i) {
    lines_.push_back(std::make_unique<Line>());
  }
  for (std::size_t i = 0; i < options_.groups; ++i) {
    groups_.push_back(std::make_unique<Group>(options_.service_prefix + "-" + std::to_string(i)));
  }
  const std::int64_t begin_ms = now().steady_ms;
  for (std::size_t i = 0; i < options_.members; ++i) {
    Group& group = *groups_[i % groups_.size()];
    members_.push_back(std::make_unique<Member>(
        group, *lines_[i % lines_.size()], weather_, settings_of(options_, group),
        static_cast<std::uint32_t>(i * Member::kSubscriptions + 1)));
    tick_at_ms_.push_back(begin_ms + static_cast<std::int64_t>(i) * options_.start_within_ms /
                                         static_cast<std::int64_t>(options_.members));
  }
}

Fleet::~Fleet() = default;

void Fleet::run() {
  while (!finished_) {
    const weir::Instant moment = now();
    connect_lines(moment.steady_ms);
    serve_lines();
    count_at_rate(moment.steady_ms);
    restart_at_rate(moment);
    tick_members(moment);
    wait_and_read_commands();
  }
}

void Fleet::connect_lines(std::int64_t now_ms) {
  for (const auto& line : lines_) {
    if (!line->socket.is_open() && now_ms >= line->connect_at_ms) {
      line->connect_at_ms = now_ms + kConnectAgainMs;
      line->connections += line->socket.connect(options_.port) ? 1 : 0;
    }
  }
}

void Fleet::drop_lines(std::int64_t away_ms) {
  for (const auto& line : lines_) {
    line->socket.close();
    line->connect_at_ms = now().steady_ms + away_ms;
  }
}

void Fleet::serve_lines() {
  for (const auto& line : lines_) {
    if (line->socket.is_open()) {
      line->socket.serve([this](std::uint32_t subscription, bool no_responders,
                                std::span<const std::uint8_t> bytes) {
        const std::size_t member = (subscription - 1) / Member::kSubscriptions;
        if (subscription > 0 && member < members_.size()) {
          members_[member]->deliver(no_responders, bytes);
        }
      });
    }
  }
}

void Fleet::count_now(std::uint64_t increments) {
  for (const auto& group : groups_) {
    group->count(increments, random_);
  }
}

void Fleet::count_at_rate(std::int64_t now_ms) {
  if (increments_per_second_ > 0 && now_ms - counted_ms_ >= kCountEveryMs) {
    counted_ms_ = now_ms;
    count_now(increments_per_second_ * kCountEveryMs / 1000);
  }
}

void Fleet::restart_at_rate(weir::Instant moment) {
  const std::int64_t elapsed_ms = moment.steady_ms - std::exchange(restarted_ms_, moment.steady_ms);
  restarts_due_ += restarts_per_second_ * static_cast<double>(elapsed_ms) / 1000;
  for (; restarts_due_ >= 1; restarts_due_ -= 1) {
    const std::size_t member = restart_next_++ % members_.size();
    members_[member]->begin_goodbye(moment);
    tick_at_ms_[member] = moment.steady_ms;
  }
}

void Fleet::tick_members(weir::Instant moment) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (tick_at_ms_[i] > moment.steady_ms) {
      continue;
    }
    Member& member = *members_[i];
    member.on_tick(moment);
    if (member.finished()) {
      member.begin_anew(moment.unix_ms);
      ++restarts_;
    }
    tick_at_ms_[i] = std::max(member.next_tick_ms(moment), moment.steady_ms + 1);
  }
}

void Fleet::wait_and_read_commands() {
  std::vector<pollfd> watched{{STDIN_FILENO, POLLIN, 0}};
  for (const auto& line : lines_) {
    if (line->socket.is_open()) {
      watched.push_back({line->socket.descriptor(), POLLIN, 0});
    }
  }
  if (::poll(watched.data(), watched.size(), kWaitMs) <= 0 || watched.front().revents == 0) {
    return;
  }
  std::array<char, 4096> chunk;
  const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
  if (got <= 0) {
    finished_ = true;
    return;
  }
  input_.append(chunk.data(), static_cast<std::size_t>(got));
  for (std::size_t end = 0; (end = input_.find('\n')) != std::string::npos;) {
    std::cout << obey(input_.substr(0, end)).dump() << std::endl;
    input_.erase(0, end + 1);
  }
}

json Fleet::obey(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string verb;
  double number = 0;
  words >> verb >> number;
  if (verb == "count") {
    count_now(static_cast<std::uint64_t>(number));
  } else if (verb == "rate") {
    increments_per_second_ = static_cast<std::uint64_t>(number);
  } else if (verb == "lose") {
    weather_.lose = number;
  } else if (verb == "drop") {
    drop_lines(static_cast<std::int64_t>(number));
  } else if (verb == "restart") {
    restarts_per_second_ = number;
  } else if (verb == "status") {
    return status();
  } else if (verb == "truth") {
    return truth();
  } else if (verb == "exit") {
    finished_ = true;
  } else {
    return {{"ok", false}, {"error", "no command \"" + verb + "\""}};
  }
  return {{"ok", true}};
}

json Fleet::status() const {
  std::map<std::string, std::uint64_t> states;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint64_t keyframes = 0;
  for (const auto& member : members_) {
    const weir::PublisherStatus status = member->status();
    ++states[weir::state_name(status.state)];
    frames += status.frames_sent;
    bytes += status.bytes_sent;
    keyframes += status.keyframes_sent;
  }
  std::size_t unsent = 0;
  for (const auto& line : lines_) {
    unsent += line->socket.unsent_bytes();
  }
  return {{"ok", true},
          {"members", members_.size()},
          {"states", states},
          {"frames_sent", frames},
          {"bytes_sent", bytes},
          {"keyframes_sent", keyframes},
          {"frames_lost", weather_.frames_lost},
          {"restarts", restarts_},
          {"unsent_bytes", unsent}};
}

json Fleet::truth() const {
  json services = json::object();
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    json truth = groups_[i]->truth();
    truth["members"] = members_.size() / groups_.size() + (i < members_.size() % groups_.size());
    services[groups_[i]->service()] = std::move(truth);
  }
  return {{"ok", true}, {"services", services}};
}

}  // namespace fleet
