// The NATS subjects, and the percent-encoding that makes any node or service name one subject
// token. Thread-safe: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/instance_id.h"

namespace weir::wire {

inline constexpr std::string_view kDefaultSubjectPrefix = "weir";

// Everything outside [A-Za-z0-9_-] becomes %XX. The empty name becomes "%".
[[nodiscard]] std::string encode_token(std::string_view name);
// The inverse; nothing if the token is not one that encode_token can produce.
[[nodiscard]] std::optional<std::string> decode_token(std::string_view token);

struct Subjects {
  std::string prefix{kDefaultSubjectPrefix};

  [[nodiscard]] std::string publish(std::string_view node, std::string_view service,
                                    const InstanceId& instance) const;
  [[nodiscard]] std::string publish_all() const;  // every node: <prefix>.v1.pub.>
  [[nodiscard]] std::string publish_of_node(
      std::string_view node) const;  // <prefix>.v1.pub.<node>.>
  [[nodiscard]] std::string control(std::string_view node, const InstanceId& instance) const;
  [[nodiscard]] std::string control_all(std::string_view node) const;
  // Where the sidecars of a node talk to each other.
  [[nodiscard]] std::string peers(std::string_view node) const;
  // The inbox prefix of a client: its own, so that permissions can deny it everyone else's.
  [[nodiscard]] std::string inbox(const InstanceId& instance) const;

  struct Publisher {
    std::string node;
    std::string service;
    InstanceId instance;
  };
  // What a subject of publish() says; nothing if it is not one.
  [[nodiscard]] std::optional<Publisher> parse_publish(std::string_view subject) const;
};

}  // namespace weir::wire
