#include "sidecar/nats/embedded_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weir::sidecar {
namespace {

Status failed(const char* what) {
  return Status::error(std::string(what) + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

int pid_descriptor(pid_t pid) {
#ifdef SYS_pidfd_open
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));  // Linux 5.3; close-on-exec
#else
  static_cast<void>(pid);
  return -1;
#endif
}

// Above the numbers that the child gives a meaning to, so that dup2 overwrites none of them.
int lifted(int fd) {
  const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
  ::close(fd);
  return high;
}

// Between fork and exec, in a process of which only this thread exists: async-signal-safe calls
// only.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment,
                         int null, int output, int contents, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(126);  // the parent died before the line above took effect
  }
  ::setpgid(0, 0);  // a Ctrl-C is for the sidecar, which stops us when it has finished
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGCHLD}) {
    ::signal(number, SIG_DFL);
  }
  ::dup2(null, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::dup2(contents, 3);
  ::execve(program, arguments, environment);
  const char text[] = "cannot run nats-server\n";
  static_cast<void>(!::write(2, text, sizeof(text) - 1));
  ::_exit(127);
}

}  // namespace

EmbeddedChild::~EmbeddedChild() {
  stop(std::chrono::milliseconds(0));
}

Status EmbeddedChild::start(const std::string& program, const std::vector<std::string>& arguments,
                            const std::string& contents) {
  const Descriptor memory(lifted(::memfd_create("weir-nats-server", MFD_CLOEXEC)));
  if (memory.get() < 0 || ::write(memory.get(), contents.data(), contents.size()) !=
                              static_cast<ssize_t>(contents.size())) {
    return failed("cannot make the configuration of nats-server");
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return failed("cannot make a pipe for nats-server");
  }
  Descriptor read_end(ends[0]);
  const Descriptor write_end(lifted(ends[1]));
  const Descriptor null(lifted(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);

  // All memory before the fork: the child must not allocate.
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return failed("cannot start a process for nats-server");
  }
  if (pid == 0) {
    become(program.c_str(), argv.data(), environ, null.get(), write_end.get(), memory.get(),
           parent);
  }
  pid_ = pid;
  output_ = read_end.release();
  pid_fd_ = pid_descriptor(pid);
  return {};
}

bool EmbeddedChild::reap(std::string& how) {
  int status = 0;
  if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) {
    return false;
  }
  how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                            : "exit status " + std::to_string(WEXITSTATUS(status));
  forget();
  return true;
}

void EmbeddedChild::stop(std::chrono::milliseconds patience) {
  if (pid_ <= 0) {
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  ::kill(pid_, SIGTERM);
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    // Woken by the exit where the kernel can tell; else a look every 20 ms.
    pollfd waiting{pid_fd_, POLLIN, 0};
    ::poll(&waiting, 1, pid_fd_ >= 0 ? static_cast<int>(left.count()) : 20);
  }
  forget();
}

void EmbeddedChild::forget() {
  ::close(output_);
  if (pid_fd_ >= 0) {
    ::close(pid_fd_);
  }
  pid_ = output_ = pid_fd_ = -1;
}

}  // namespace weir::sidecar
