// `<run.dir>/endpoint`, by which clients of this machine find their sidecar: JSON with the URL of
// NATS, the node, the file of the token and the address of /metrics. Removed with its owner, unless
// another sidecar has written its own by then. Single-threaded: only the main thread calls this.
#pragma once

#include <string>

#include "weir/status.h"

namespace weir::sidecar {

struct Endpoint {
  std::string url;  // NATS, without credentials
  std::string node;
  std::string token_file;  // empty: none is needed
  std::string cells_dir;   // empty: none
  std::string http;        // "http://127.0.0.1:9742"
};

class EndpointFile {
 public:
  // The folder is made by write().
  explicit EndpointFile(const std::string& run_dir);
  ~EndpointFile();  // remove()
  EndpointFile(const EndpointFile&) = delete;
  EndpointFile& operator=(const EndpointFile&) = delete;

  [[nodiscard]] Status write(const Endpoint& endpoint);
  void remove();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string run_dir_;
  std::string path_;
  std::string owner_;    // random: tells our file from another sidecar's with the same values
  std::string written_;  // empty: nothing of ours is there
};

}  // namespace weir::sidecar
