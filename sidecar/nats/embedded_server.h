// The embedded broker: a nats-server of our own on loopback, with a token that we make, restarted
// when it dies, stopped with us. Thread-safe: any method from any thread.
//
// 1. One thread starts, watches and stops the server; it lives from start() to stop(), because the
//    kernel ties the server's life to it.
// 2. Port and token stay the same over restarts of the server, and over those of the sidecar as far
//    as they can: clients know them.
// 3. A listening port is only believed to be ours if the server there shows the name we gave it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/config/listen_address.h"
#include "weir/status.h"

namespace weir::sidecar {

struct EmbeddedServerOptions {
  std::string binary;  // find_nats_server()
  ListenAddress listen{"127.0.0.1", 4222};
  std::string run_dir;  // token and last port are kept here; made if missing
  std::chrono::milliseconds start_timeout{10'000};
  std::chrono::milliseconds stop_patience{2'000};
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{5'000};
};

struct EmbeddedServerStatus {
  bool up = false;  // it listens, and it is ours
  std::int32_t pid = 0;
  std::uint64_t restarts = 0;
  std::string version;  // "2.9.10"
  std::string reason;   // why it is not up; empty while it is
};

enum class EmbeddedLog : std::uint8_t { kDebug, kInfo, kWarning, kError };
// Called from the server's thread; must not call stop().
using EmbeddedLogger = std::function<void(EmbeddedLog, std::string_view)>;

class EmbeddedServer {
 public:
  explicit EmbeddedServer(EmbeddedServerOptions options, EmbeddedLogger log = {});
  ~EmbeddedServer();  // stop()
  EmbeddedServer(const EmbeddedServer&) = delete;
  EmbeddedServer& operator=(const EmbeddedServer&) = delete;

  // Returns when the server accepts connections, or why it does not. REQUIRES: called once.
  [[nodiscard]] Status start();
  void stop();

  // Constant after start().
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const std::string& url() const;  // "nats://127.0.0.1:4222", without the token
  [[nodiscard]] const std::string& token() const;
  [[nodiscard]] const std::string& token_file() const;

  [[nodiscard]] EmbeddedServerStatus status() const;

 private:
  class Supervisor;
  std::unique_ptr<Supervisor> supervisor_;
};

}  // namespace weir::sidecar
