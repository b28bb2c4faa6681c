// The endpoint file: where the sidecar of this node says how to reach it. JSON with `url` (NATS),
// `node`, `token_file` and `http`. Thread-safe: pure functions of the environment and files given.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir::ctl {

// Reads one variable; nothing if it is unset or empty. The process's own in production.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

struct Endpoint {
  std::string path;  // of the file itself; empty: there is none
  std::string nats_url;
  std::string node;
  std::string token_file;
  std::string http_url;
};

// Where the file may be, best first: WEIR_ENDPOINT_FILE alone if it is set, else
// $XDG_RUNTIME_DIR/weir/endpoint and /run/weir/endpoint.
[[nodiscard]] std::vector<std::string> endpoint_paths(const Environment& environment);

// The first of `paths` that exists. None: an Endpoint whose path is empty. One that can not be
// read or understood is an error that names the file.
[[nodiscard]] Result<Endpoint> find_endpoint(const std::vector<std::string>& paths);

}  // namespace weir::ctl
