// Lets SIGTERM and SIGINT end a program the normal way: `main` runs to its end, so publishers say
// goodbye with the last totals. The default action of these signals runs no destructor.
//
//   weir::SignalStop stop;  // before other threads are made, if they install handlers too
//   weir::NatsPublisher publisher(registry);
//   ...
//   stop.wait();  // or poll stop.fd(), or ask stop.requested() now and then
//
// Handlers that were there before are called too, and are restored by the destructor. A signal that
// was ignored stays so (a shell's background jobs and nohup count on it). Signal handlers belong to
// the process, so one SignalStop may exist at a time.
// Thread-safe: any method from any thread; request() and requested() from signal handlers too.
#pragma once

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>

#include "weir/export.h"
#include "weir/status.h"

namespace weir {

class WEIR_API SignalStop {
 public:
  // Not ok (status()): another one exists, or one of the signals can not be caught. Then no handler
  // was changed, and only request() stops.
  explicit SignalStop(std::initializer_list<int> signals = {SIGTERM, SIGINT});
  ~SignalStop();
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  [[nodiscard]] const Status& status() const { return status_; }

  // Blocks until a signal has come, or request() was called. Any number of threads may wait.
  void wait() noexcept;
  // Answers requested().
  bool wait_for(std::chrono::milliseconds at_most) noexcept;
  [[nodiscard]] bool requested() const noexcept;
  // The signal that came first; 0: none, or request().
  [[nodiscard]] int signal() const noexcept;
  // Readable from the first signal or request() on, for poll() and event loops; leave it open and
  // unread. -1 if status() is not ok.
  [[nodiscard]] int fd() const noexcept;
  // As if a signal had come.
  void request() noexcept;

 private:
  void restore() noexcept;

  Status status_;
  std::uint64_t caught_ = 0;  // bit n: the handler of signal n is ours
};

}  // namespace weir
