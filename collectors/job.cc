#include "collectors/job.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "collectors/config/values.h"

namespace weir::collectors {
namespace {

double seconds_of(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// The boundary where a collector's exceptions become values.
template <typename Call>
Status guarded(const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return Status::error(fmt::format("threw: {}", error.what()));
  } catch (...) {
    return Status::error("threw something that is not a std::exception");
  }
}

}  // namespace

Job::Job(Parts parts, Registrar& registrar, const Health& health)
    : parts_(std::move(parts)),
      health_(health),
      setup_(parts_.name, registrar, readings_, parts_.paths, std::move(parts_.options),
             parts_.log) {
  health_.announce(parts_.name);
}

Status Job::register_metrics(bool* configuration_error) {
  Status status = guarded([this] { return parts_.collector->register_metrics(setup_); });
  const Status options = setup_.options().status();
  if (configuration_error != nullptr) {
    *configuration_error = !options.ok();
  }
  if (!options.ok()) {
    status = options;
  } else if (!setup_.status().ok()) {
    status = setup_.status();
  }
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    note_failure("cannot start: " + status.reason(), 0);
  }
  return status;
}

Status Job::update() {
  return guarded([this] { return parts_.collector->update_metrics(); });
}

bool Job::run() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kIdle) {
      return false;
    }
    state_ = State::kRunning;
    started_ = parts_.clock.now();
  }
  readings_.begin();
  const Status status = update();
  const auto elapsed = parts_.clock.now() - started_;
  const double seconds = seconds_of(elapsed);

  const std::lock_guard lock(mutex_);
  if (state_ != State::kRunning) {  // overdue: withdrawn and counted already
    if (state_ == State::kOverdue) {
      readings_.fail();
      parts_.log->warn("collector {}: returned after {:.1f} s; it runs again", name(), seconds);
      state_ = State::kIdle;
    }
    return false;
  }
  state_ = State::kIdle;
  if (status.ok() && elapsed <= parts_.schedule.deadline) {
    readings_.commit();
    health_.succeeded(name(), seconds, parts_.clock.unix_seconds());
    if (!last_failure_.empty()) {
      parts_.log->info("collector {}: works again", name());
      last_failure_.clear();
    }
    return true;
  }
  readings_.fail();
  note_failure(status.ok() ? fmt::format("late: took {:.1f} s, deadline {}", seconds,
                                         format_duration(parts_.schedule.deadline))
                           : status.reason(),
               seconds);
  return false;
}

SteadyTime Job::check_deadline() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = parts_.clock.now();
  if (state_ != State::kRunning) {
    return now + parts_.schedule.deadline;
  }
  if (now <= started_ + parts_.schedule.deadline) {
    return started_ + parts_.schedule.deadline;
  }
  state_ = State::kOverdue;
  readings_.withdraw();
  note_failure(fmt::format("hangs: not back after {}, not started again until it returns",
                           format_duration(parts_.schedule.deadline)),
               seconds_of(now - started_));
  return now + parts_.schedule.deadline;
}

void Job::abandon() {
  const std::lock_guard lock(mutex_);
  state_ = State::kAbandoned;
}

bool Job::overdue() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kOverdue;
}

void Job::note_failure(const std::string& reason, double seconds) {
  health_.failed(name(), seconds);
  // Once per reason: a device that is gone for a week does not fill the log.
  if (reason != last_failure_) {
    parts_.log->warn("collector {}: {}; its readings are withdrawn", name(), reason);
    last_failure_ = reason;
  }
}

}  // namespace weir::collectors
