#include "bench/support/feeder.h"

#include <poll.h>
#include <unistd.h>

#include <stdexcept>

#include "schemas/subjects.h"

namespace weir::bench {
namespace {

constexpr std::size_t kBytesPerMark = 256u << 10;
constexpr std::size_t kUnsentBytesMax = 1u << 20;
constexpr std::chrono::seconds kPatience{120};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

Feeder::Feeder(const Options& options, const Load& load) : options_(options), load_(load) {
  for (std::uint32_t i = 0; i < options_.lines; ++i) {
    Line& line = *lines_.emplace_back(std::make_unique<Line>());
    line.marker = wire::InstanceId::random();
    line.inbox = "_INBOX.weir." + line.marker.to_string();
    line.marker_subject = wire::Subjects{}.publish(load_.node, "bench-marker", line.marker);
    if (!line.socket.connect(options_.port)) {
      throw std::runtime_error("cannot connect to the NATS server");
    }
    line.socket.subscribe(line.inbox, i);
  }
  publishers_.reserve(load_.publishers);
  for (std::uint32_t i = 0; i < load_.publishers; ++i) {
    publishers_.emplace_back(load_, i);
  }
}

void Feeder::send(Line& line, std::string_view subject, std::span<const std::uint8_t> bytes) {
  if (bytes.size() > line.socket.payload_bytes_max()) {
    throw std::runtime_error("a frame of " + std::to_string(bytes.size()) +
                             " bytes is more than the server takes");
  }
  line.socket.publish(subject, {}, bytes);
  ++frames_in_all_;
  line.unmarked_bytes += bytes.size();
  if (line.unmarked_bytes >= kBytesPerMark) {
    mark(line);
    serve(0);
    wait_while_window_is_full(line);
  }
}

void Feeder::mark(Line& line) {
  wire::Frame keyframe;
  keyframe.kind = wire::Kind::kKeyframe;
  keyframe.instance = line.marker;
  keyframe.seq = ++line.marker_seq;
  keyframe.has_identity = true;
  keyframe.identity.node = load_.node;
  keyframe.identity.service = "bench-marker";
  keyframe.identity.pid = static_cast<std::uint32_t>(::getpid());
  keyframe.identity.started_unix_ms = 1;
  keyframe.identity.heartbeat_interval_ms = load_.heartbeat_interval_ms;
  line.socket.publish(line.marker_subject, line.inbox, marker_encoder_.encode(keyframe));
  line.unmarked_bytes = 0;
  ++frames_in_all_;
}

void Feeder::serve(int wait_ms) {
  if (wait_ms > 0) {
    std::vector<pollfd> watched;
    for (const auto& line : lines_) {
      const bool unsent = line->socket.unsent_bytes() > 0;
      watched.push_back(
          {line->socket.descriptor(), static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN), 0});
    }
    ::poll(watched.data(), watched.size(), wait_ms);
  }
  for (const auto& line : lines_) {
    line->socket.serve([&](std::uint32_t, bool no_responders, std::span<const std::uint8_t>) {
      if (no_responders) {
        throw std::runtime_error("nobody receives what is sent");
      }
      ++line->answered;
    });
    if (!line->socket.is_open()) {
      throw std::runtime_error("the NATS server has closed a connection");
    }
  }
}

void Feeder::wait_while_window_is_full(const Line& line) {
  const std::uint64_t unanswered_max =
      std::max<std::uint64_t>(2, options_.window_bytes / kBytesPerMark / lines_.size());
  const Clock::time_point begin = Clock::now();
  while (line.socket.unsent_bytes() > kUnsentBytesMax ||
         line.marker_seq - line.answered > unanswered_max) {
    serve(100);
    if (Clock::now() - begin > kPatience) {
      throw std::runtime_error("what was sent is not answered");
    }
  }
}

void Feeder::wait_for_all() {
  for (const auto& line : lines_) {
    mark(*line);
  }
  const Clock::time_point begin = Clock::now();
  for (const auto& line : lines_) {
    while (line->answered < line->marker_seq) {
      serve(100);
      if (Clock::now() - begin > kPatience) {
        throw std::runtime_error("what was sent is not answered");
      }
    }
  }
}

void Feeder::define() {
  for (std::size_t i = 0; i < publishers_.size(); ++i) {
    Line& line = *lines_[i % lines_.size()];
    publishers_[i].define(
        [&](std::span<const std::uint8_t> bytes) { send(line, publishers_[i].subject(), bytes); });
  }
  wait_for_all();
}

Sent Feeder::rounds(std::uint32_t count) {
  Sent sent;
  const Clock::time_point begin = Clock::now();
  for (std::uint32_t round = 0; round < count; ++round) {
    for (std::uint32_t chunk = 0; chunk < load_.frames_each(); ++chunk) {
      for (std::size_t i = 0; i < publishers_.size(); ++i) {
        const auto bytes = publishers_[i].next(chunk, encoder_);
        send(*lines_[i % lines_.size()], publishers_[i].subject(), bytes);
        ++sent.frames;
        sent.samples += publishers_[i].samples_of(chunk);
        sent.bytes += bytes.size();
      }
    }
  }
  wait_for_all();
  sent.seconds = seconds_since(begin);
  return sent;
}

Sent Feeder::run(double seconds, double frames_per_second) {
  Sent sent;
  const Clock::time_point begin = Clock::now();
  for (std::uint32_t chunk = 0; seconds_since(begin) < seconds;
       chunk = (chunk + 1) % load_.frames_each()) {
    for (std::size_t i = 0; i < publishers_.size() && seconds_since(begin) < seconds; ++i) {
      while (frames_per_second > 0 &&
             static_cast<double>(sent.frames) > frames_per_second * seconds_since(begin)) {
        serve(1);
      }
      const auto bytes = publishers_[i].next(chunk, encoder_);
      send(*lines_[i % lines_.size()], publishers_[i].subject(), bytes);
      ++sent.frames;
      sent.samples += publishers_[i].samples_of(chunk);
      sent.bytes += bytes.size();
    }
  }
  wait_for_all();
  sent.seconds = seconds_since(begin);
  return sent;
}

Sent Feeder::change_some(Which which) {
  Sent sent;
  const Clock::time_point begin = Clock::now();
  for (std::size_t i = 0; i < publishers_.size(); ++i) {
    publishers_[i].change_some(which, encoder_, [&](std::span<const std::uint8_t> bytes) {
      send(*lines_[i % lines_.size()], publishers_[i].subject(), bytes);
      ++sent.frames;
      sent.bytes += bytes.size();
    });
  }
  wait_for_all();
  sent.seconds = seconds_since(begin);
  return sent;
}

std::uint64_t Feeder::stated() const {
  std::uint64_t sum = 0;
  for (const SimulatedPublisher& publisher : publishers_) {
    sum += publisher.stated();
  }
  return sum;
}

std::uint64_t Feeder::lines_on_page() const {
  std::uint64_t lines = publishers_.front().lines_on_page();
  return load_.shared ? lines : lines * publishers_.size();
}

}  // namespace weir::bench
