// Asks NATS itself: can it be reached, and does a sidecar serve this node?
// Thread-safe: a call shares nothing.
#pragma once

#include <chrono>
#include <string>

namespace weir::ctl {

struct NatsTarget {
  std::string url;  // nats:// or tls://, comma-separated
  std::string user, password;
  std::string token;
  std::string credentials_file;
  std::string nkey_file;  // seed and public key
  std::string tls_ca_file, tls_cert_file, tls_key_file;
  std::string subject_prefix;
};

enum class Serves {
  kUnknown,      // not asked: no connection
  kYes,          // a sidecar answered
  kNobody,       // nobody listens for this node's frames
  kNoAnswer,     // somebody listens, but did not answer in time
  kNotPermitted  // the server refused to let us ask
};

struct NatsFindings {
  bool connected = false;
  std::string url;    // without credentials
  std::string error;  // why not connected, or why the question failed
  std::chrono::microseconds round_trip{0};
  Serves serves = Serves::kUnknown;
  std::string sender;  // the sidecar that answered
};

// The question is a delta frame of an instance that nobody knows: the sidecar answers it with
// "keyframe wanted" and keeps nothing of it.
[[nodiscard]] NatsFindings probe_nats(const NatsTarget& target, const std::string& node,
                                      std::chrono::milliseconds timeout);

// A URL, or a comma-separated list of them, for people and logs.
[[nodiscard]] std::string without_credentials(const std::string& url);

}  // namespace weir::ctl
