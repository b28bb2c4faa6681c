#include "weir/signal_stop.h"

#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

namespace weir {
namespace {

constexpr int kSignalsEnd = 64;  // of caught_'s bits; signal 64 is the last real-time one

// A signal finds no object, only the process. Constant and trivial: it is there before all else and
// never destroyed, since a handler may still run in another thread when a SignalStop ends.
struct Process {
  std::atomic<bool> in_use{false};
  std::atomic<bool> requested{false};
  std::atomic<int> signal{0};
  std::atomic<int> fd{-1};
  std::atomic<pid_t> owner{0};  // whose fd it is: a forked child shares the parent's counter
  sem_t wake{};                 // unlike the fd, a forked child's own
};
constinit Process process;
// Apart, since it is all zero at first: ten kilobytes that the library's file need not hold.
constinit std::array<struct sigaction, kSignalsEnd> former_actions{};

// The signals whose former handlers run in this thread: one that was put over ours, and then found
// as the former one, calls ours again.
constinit thread_local std::uint64_t chaining WEIR_TLS_MODEL = 0;

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// Async-signal-safe, as are write(2), getpid(2) and sem_post(3).
void stop(int signal) noexcept {
  const int saved_errno = errno;
  int none = 0;
  process.signal.compare_exchange_strong(none, signal, std::memory_order_relaxed);
  // Release: who sees the request sees its signal. Pairs with requested().
  if (!process.requested.exchange(true, std::memory_order_acq_rel)) {
    if (process.owner.load(std::memory_order_relaxed) == ::getpid()) {
      const std::uint64_t one = 1;
      (void)!::write(process.fd.load(std::memory_order_relaxed), &one, sizeof one);
    }
    ::sem_post(&process.wake);
  }
  errno = saved_errno;
}

void on_signal(int signal, siginfo_t* info, void* context) noexcept {
  stop(signal);
  const std::uint64_t bit = std::uint64_t{1} << signal;
  if ((chaining & bit) != 0) {
    return;
  }
  chaining |= bit;
  const struct sigaction& former = former_actions[static_cast<std::size_t>(signal)];
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    former.sa_sigaction(signal, info, context);
  } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
    former.sa_handler(signal);
  }
  chaining &= ~bit;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_signal;
}

bool is_ignored(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

// As new, whatever the last SignalStop, or that of the parent process, has left.
Status prepare() {
  process.requested.store(false, std::memory_order_relaxed);
  process.signal.store(0, std::memory_order_relaxed);
  ::sem_init(&process.wake, 0, 0);
  if (process.owner.load(std::memory_order_relaxed) != ::getpid()) {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
      return Status::error(std::string("cannot make an eventfd: ") + std::strerror(errno));
    }
    process.fd.store(fd, std::memory_order_relaxed);
    process.owner.store(::getpid(), std::memory_order_relaxed);
  }
  std::uint64_t left = 0;
  (void)!::read(process.fd.load(std::memory_order_relaxed), &left, sizeof left);
  return {};
}

Status cannot_catch(int signal, const char* why) {
  return Status::error("cannot catch signal " + std::to_string(signal) + ": " + why);
}

Status catch_signal(int signal, std::uint64_t& caught) {
  if (signal <= 0 || signal >= kSignalsEnd) {
    return cannot_catch(signal, "no such signal");
  }
  struct sigaction& former = former_actions[static_cast<std::size_t>(signal)];
  struct sigaction present {};
  if (::sigaction(signal, nullptr, &present) != 0) {
    return cannot_catch(signal, std::strerror(errno));
  }
  if (is_ignored(present) || is_ours(present)) {
    return {};
  }
  former = present;  // before a handler can ask for it
  struct sigaction wanted {};
  wanted.sa_sigaction = on_signal;
  wanted.sa_mask = present.sa_mask;
  // RESTART: the program's reads and waits do not fail for our sake.
  wanted.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  if (::sigaction(signal, &wanted, nullptr) != 0) {
    return cannot_catch(signal, std::strerror(errno));
  }
  caught |= std::uint64_t{1} << signal;
  return {};
}

}  // namespace

SignalStop::SignalStop(std::initializer_list<int> signals) {
  if (process.in_use.exchange(true, std::memory_order_acq_rel)) {
    status_ = Status::error("another SignalStop exists: signals belong to the whole process");
    return;
  }
  status_ = prepare();
  for (const int signal : signals) {
    if (status_.ok()) {
      status_ = catch_signal(signal, caught_);
    }
  }
  if (!status_.ok()) {
    restore();
    process.in_use.store(false, std::memory_order_release);
  }
}

SignalStop::~SignalStop() {
  if (status_.ok()) {
    restore();
    process.in_use.store(false, std::memory_order_release);
  }
}

// Who has put a handler over ours keeps it; ours below it does no harm.
void SignalStop::restore() noexcept {
  for (int signal = 1; signal < kSignalsEnd; ++signal) {
    struct sigaction present {};
    if ((caught_ >> signal & 1) != 0 && ::sigaction(signal, nullptr, &present) == 0 &&
        is_ours(present)) {
      ::sigaction(signal, &former_actions[static_cast<std::size_t>(signal)], nullptr);
    }
  }
  caught_ = 0;
}

void SignalStop::wait() noexcept {
  while (!wait_for(std::chrono::hours(1))) {
  }
}

bool SignalStop::wait_for(std::chrono::milliseconds at_most) noexcept {
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::min<std::chrono::milliseconds>(at_most, std::chrono::hours(24 * 365)));
  timespec until{};
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  const std::int64_t nanoseconds = until.tv_nsec + std::max<std::int64_t>(left.count(), 0);
  until.tv_sec += nanoseconds / 1'000'000'000;
  until.tv_nsec = nanoseconds % 1'000'000'000;
  while (!requested()) {
    if (::sem_clockwait(&process.wake, CLOCK_MONOTONIC, &until) == 0) {
      ::sem_post(&process.wake);  // for the other waiters: it stays open
    } else if (errno != EINTR) {
      break;
    }
  }
  return requested();
}

bool SignalStop::requested() const noexcept {
  return process.requested.load(std::memory_order_acquire);
}

int SignalStop::signal() const noexcept {
  return process.signal.load(std::memory_order_relaxed);
}

int SignalStop::fd() const noexcept {
  return status_.ok() ? process.fd.load(std::memory_order_relaxed) : -1;
}

void SignalStop::request() noexcept {
  stop(0);
}

}  // namespace weir
