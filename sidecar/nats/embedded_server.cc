#include "sidecar/nats/embedded_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "schemas/instance_id.h"
#include "sidecar/nats/embedded_child.h"
#include "sidecar/nats/embedded_files.h"
#include "sidecar/nats/embedded_probe.h"

namespace weir::sidecar {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kLogLineBytesMax = 4096;
constexpr std::size_t kPayloadBytesMax = 8u << 20;  // wire::Limits::frame_bytes_max
constexpr milliseconds kStable =
    std::chrono::seconds(10);  // up this long: the back-off begins anew

bool is_every_address(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

// "[7] [INF] Server is ready" -> level and text.
std::pair<EmbeddedLog, std::string_view> parse_log_line(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, EmbeddedLog>, 4> kLevels{
      {{"[INF] ", EmbeddedLog::kDebug},
       {"[WRN] ", EmbeddedLog::kWarning},
       {"[ERR] ", EmbeddedLog::kError},
       {"[FTL] ", EmbeddedLog::kError}}};
  for (const auto& [mark, level] : kLevels) {
    if (const std::size_t at = line.find(mark); at != std::string_view::npos) {
      const std::string_view text = line.substr(at + mark.size());
      // It means the token, which lives as long as this child and crosses no network.
      const bool noise = text.find("Plaintext passwords detected") != std::string_view::npos;
      return {noise ? EmbeddedLog::kDebug : level, text};
    }
  }
  return {line.starts_with("nats-server:") || line.starts_with("cannot ") ? EmbeddedLog::kError
                                                                          : EmbeddedLog::kDebug,
          line};
}

}  // namespace

class EmbeddedServer::Supervisor {
 public:
  Supervisor(EmbeddedServerOptions options, EmbeddedLogger log)
      : options_(std::move(options)), log_(std::move(log)), wake_(::eventfd(0, EFD_CLOEXEC)) {}
  ~Supervisor() {
    stop();
    ::close(wake_);
  }

  Status start();
  void stop();
  std::uint16_t port() const { return port_; }
  const std::string& url() const { return url_; }
  const std::string& token() const { return token_.token; }
  const std::string& token_file() const { return token_.file; }
  EmbeddedServerStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  enum class Outcome { kUp, kDown, kStop };

  void run();
  Status first_start();
  Outcome launch(std::string& reason);
  Outcome await_ready(std::string& reason);
  void supervise();
  Outcome wait(milliseconds limit);
  void read_output();
  void log(EmbeddedLog level, std::string_view text) const {
    if (log_) {
      log_(level, text);
    }
  }
  std::string configuration() const;
  std::vector<std::uint16_t> candidate_ports() const;
  void set_down(const std::string& reason);
  void set_up(const std::string& version);

  const EmbeddedServerOptions options_;
  const EmbeddedLogger log_;
  const int wake_;
  const std::string name_ = "weir-" + wire::InstanceId::random().to_string();

  // Written before start() returns, constant after.
  std::uint16_t port_ = 0;
  std::string url_;
  EmbeddedToken token_;

  // The supervisor thread's own.
  EmbeddedChild child_;
  std::string output_;
  bool output_open_ = false;  // a closed pipe would wake poll() for ever
  std::string last_error_;

  mutable std::mutex mutex_;
  std::condition_variable started_changed_;
  bool started_ = false;         // under mutex_
  Status start_status_;          // under mutex_
  EmbeddedServerStatus status_;  // under mutex_
  std::thread thread_;
};

Status EmbeddedServer::Supervisor::start() {
  if (Status status = prepare_run_dir(options_.run_dir); !status.ok()) {
    return status;
  }
  Result<EmbeddedToken> token = keep_token(options_.run_dir);
  if (!token.ok()) {
    return token.status();
  }
  token_ = *token;
  thread_ = std::thread([this] { run(); });
  std::unique_lock lock(mutex_);
  started_changed_.wait(lock, [this] { return started_; });
  return start_status_;
}

void EmbeddedServer::Supervisor::stop() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_, &one, sizeof(one)));
    thread_.join();
  }
}

void EmbeddedServer::Supervisor::run() {
  const Status status = first_start();
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
    start_status_ = status;
  }
  started_changed_.notify_all();
  if (status.ok()) {
    supervise();
  }
  child_.stop(options_.stop_patience);
  set_down("stopped");
}

std::vector<std::uint16_t> EmbeddedServer::Supervisor::candidate_ports() const {
  const std::string& host = options_.listen.host;
  std::vector<std::uint16_t> ports;
  for (const std::uint16_t port : {options_.listen.port, last_port(options_.run_dir)}) {
    if (is_port_free(host, port)) {
      ports.push_back(port);
    }
  }
  // Someone may take a free port before the server does: a few more to try.
  for (int i = 0; i < 3; ++i) {
    if (const std::uint16_t port = any_free_port(host); port != 0) {
      ports.push_back(port);
    }
  }
  return ports;
}

Status EmbeddedServer::Supervisor::first_start() {
  std::string reason = "no port of " + options_.listen.to_string() + " can be listened on";
  for (const std::uint16_t port : candidate_ports()) {
    port_ = port;
    const Outcome outcome = launch(reason);
    if (outcome == Outcome::kStop) {
      break;
    }
    if (outcome == Outcome::kUp) {
      const std::string host =
          is_every_address(options_.listen.host) ? "127.0.0.1" : options_.listen.host;
      url_ = "nats://" + ListenAddress{host, port}.to_string();
      remember_port(options_.run_dir, port);
      if (options_.listen.port != 0 && port != options_.listen.port) {
        log(EmbeddedLog::kInfo, "port " + std::to_string(options_.listen.port) +
                                    " is in use; nats-server listens on " + std::to_string(port));
      }
      return {};
    }
    child_.stop(options_.stop_patience);
  }
  return Status::error("cannot start the embedded nats-server (" + options_.binary +
                       "): " + reason);
}

std::string EmbeddedServer::Supervisor::configuration() const {
  const std::string host =
      is_every_address(options_.listen.host) ? "0.0.0.0" : options_.listen.host;
  return "listen: \"" + ListenAddress{host, port_}.to_string() + "\"\nserver_name: \"" + name_ +
         "\"\nmax_payload: " + std::to_string(kPayloadBytesMax) +
         "\nlogtime: false\nauthorization { token: \"" + token_.token + "\" }\n";
}

EmbeddedServer::Supervisor::Outcome EmbeddedServer::Supervisor::launch(std::string& reason) {
  last_error_.clear();
  output_.clear();
  output_open_ = true;
  const Status status = child_.start(options_.binary, {"--config", "/dev/fd/3"}, configuration());
  if (!status.ok()) {
    reason = status.reason();
    return Outcome::kDown;
  }
  return await_ready(reason);
}

EmbeddedServer::Supervisor::Outcome EmbeddedServer::Supervisor::await_ready(std::string& reason) {
  const std::string host =
      is_every_address(options_.listen.host) ? "127.0.0.1" : options_.listen.host;
  const auto deadline = Clock::now() + options_.start_timeout;
  while (Clock::now() < deadline) {
    if (wait(milliseconds(10)) == Outcome::kStop) {
      reason = "stopped";
      return Outcome::kStop;
    }
    if (std::string how; child_.reap(how)) {
      reason = "it ended with " + how + (last_error_.empty() ? "" : ": " + last_error_);
      return Outcome::kDown;
    }
    const ProbeResult probe = probe_nats(host, port_, name_);
    if (!probe.ours) {
      continue;
    }
    if (!is_supported_nats_version(probe.version)) {
      reason = "its version is " + probe.version + "; wanted 2.9 or newer";
      return Outcome::kDown;
    }
    set_up(probe.version);
    return Outcome::kUp;
  }
  reason = "it did not answer on port " + std::to_string(port_) + " within " +
           std::to_string(options_.start_timeout.count()) + " ms";
  return Outcome::kDown;
}

// Restarts on the same port, with back-off, until stop().
void EmbeddedServer::Supervisor::supervise() {
  milliseconds backoff = options_.backoff_min;
  auto up_since = Clock::now();
  for (;;) {
    if (wait(std::chrono::hours(1)) == Outcome::kStop) {
      return;
    }
    std::string reason;
    if (std::string how; child_.reap(how)) {
      reason = "it ended with " + how + (last_error_.empty() ? "" : ": " + last_error_);
    } else {
      continue;
    }
    if (Clock::now() - up_since > kStable) {
      backoff = options_.backoff_min;
    }
    for (Outcome outcome = Outcome::kDown; outcome != Outcome::kUp;) {
      set_down(reason);
      log(EmbeddedLog::kWarning, "nats-server is down: " + reason + "; restart in " +
                                     std::to_string(backoff.count()) + " ms");
      if (wait(backoff) == Outcome::kStop) {
        return;
      }
      backoff = std::min(backoff * 2, options_.backoff_max);
      outcome = launch(reason);
      if (outcome == Outcome::kStop) {
        return;
      }
      if (outcome == Outcome::kDown) {
        child_.stop(options_.stop_patience);
      }
    }
    up_since = Clock::now();
    log(EmbeddedLog::kInfo, "nats-server is up again on port " + std::to_string(port_));
  }
}

// Until something happened: output (which is read), the child's end, or the wish to stop.
EmbeddedServer::Supervisor::Outcome EmbeddedServer::Supervisor::wait(milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - Clock::now()) + milliseconds(1);
    // An old kernel can not wait for a process: look every 250 ms.
    const bool must_look = child_.running() && child_.exit_event() < 0;
    const auto timeout = std::clamp<std::int64_t>(left.count(), 0, must_look ? 250 : 3'600'000);
    std::array<pollfd, 3> events{
        {{wake_, POLLIN, 0},
         {child_.running() && output_open_ ? child_.output() : -1, POLLIN, 0},
         {child_.exit_event(), POLLIN, 0}}};
    ::poll(events.data(), events.size(), static_cast<int>(timeout));
    if (events[0].revents != 0) {
      return Outcome::kStop;
    }
    if (events[1].revents != 0) {
      read_output();
    }
    if (events[2].revents != 0 || must_look || Clock::now() >= deadline) {
      return Outcome::kDown;
    }
  }
}

void EmbeddedServer::Supervisor::read_output() {
  std::array<char, 4096> chunk{};
  const ssize_t got = ::read(child_.output(), chunk.data(), chunk.size());
  if (got <= 0) {
    output_open_ = got < 0 && (errno == EAGAIN || errno == EINTR);
    return;
  }
  output_.append(chunk.data(), static_cast<std::size_t>(got));
  for (std::size_t end = 0; (end = output_.find('\n')) != std::string::npos;) {
    const auto [level, text] = parse_log_line(std::string_view(output_).substr(0, end));
    if (level == EmbeddedLog::kError) {
      last_error_ = text;
    }
    log(level, "nats-server: " + std::string(text));
    output_.erase(0, end + 1);
  }
  if (output_.size() > kLogLineBytesMax) {
    output_.clear();
  }
}

void EmbeddedServer::Supervisor::set_up(const std::string& version) {
  const std::lock_guard lock(mutex_);
  status_.up = true;
  status_.pid = child_.pid();
  status_.version = version;
  status_.reason.clear();
  status_.restarts += started_ ? 1 : 0;
}

void EmbeddedServer::Supervisor::set_down(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  status_.up = false;
  status_.pid = 0;
  status_.reason = reason;
}

EmbeddedServer::EmbeddedServer(EmbeddedServerOptions options, EmbeddedLogger log)
    : supervisor_(std::make_unique<Supervisor>(std::move(options), std::move(log))) {}
EmbeddedServer::~EmbeddedServer() = default;

Status EmbeddedServer::start() {
  return supervisor_->start();
}
void EmbeddedServer::stop() {
  supervisor_->stop();
}
std::uint16_t EmbeddedServer::port() const {
  return supervisor_->port();
}
const std::string& EmbeddedServer::url() const {
  return supervisor_->url();
}
const std::string& EmbeddedServer::token() const {
  return supervisor_->token();
}
const std::string& EmbeddedServer::token_file() const {
  return supervisor_->token_file();
}
EmbeddedServerStatus EmbeddedServer::status() const {
  return supervisor_->status();
}

}  // namespace weir::sidecar
