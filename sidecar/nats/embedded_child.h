// One child process that dies with us: its output comes through a pipe, and the kernel kills it
// when the thread that started it ends, by kill -9 of the whole process as well. Single-threaded:
// one thread starts it, waits for it and stops it, and must live as long.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir::sidecar {

class EmbeddedChild {
 public:
  EmbeddedChild() = default;
  ~EmbeddedChild();  // kills
  EmbeddedChild(const EmbeddedChild&) = delete;
  EmbeddedChild& operator=(const EmbeddedChild&) = delete;

  // Runs `program` with `arguments`; where these say /dev/fd/3 they mean a file with `contents`,
  // which only the child can see. REQUIRES: not running.
  [[nodiscard]] Status start(const std::string& program, const std::vector<std::string>& arguments,
                             const std::string& contents);

  [[nodiscard]] bool running() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int output() const { return output_; }      // for poll: its stdout and stderr
  [[nodiscard]] int exit_event() const { return pid_fd_; }  // for poll; -1: an old kernel

  // Collects a child that ended by itself: true, and `how` says "exit status 1" or "signal 9".
  bool reap(std::string& how);
  // SIGTERM, and SIGKILL after `patience`.
  void stop(std::chrono::milliseconds patience);

 private:
  void forget();

  pid_t pid_ = -1;
  int output_ = -1;
  int pid_fd_ = -1;
};

}  // namespace weir::sidecar
