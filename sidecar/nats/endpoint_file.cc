#include "sidecar/nats/endpoint_file.h"

#include <unistd.h>

#include <cstdio>

#include "schemas/instance_id.h"
#include "sidecar/nats/embedded_files.h"

namespace weir::sidecar {
namespace {

// https://www.rfc-editor.org/rfc/rfc8259#section-7
std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
      json += escaped;
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace

EndpointFile::EndpointFile(const std::string& run_dir)
    : run_dir_(run_dir),
      path_(run_dir + "/endpoint"),
      owner_(wire::InstanceId::random().to_string()) {}

EndpointFile::~EndpointFile() {
  remove();
}

Status EndpointFile::write(const Endpoint& endpoint) {
  if (Status status = prepare_run_dir(run_dir_); !status.ok()) {
    return status;
  }
  const std::string text =
      "{\"url\": " + quoted(endpoint.url) + ", \"node\": " + quoted(endpoint.node) +
      ", \"token_file\": " + quoted(endpoint.token_file) +
      ", \"cells_dir\": " + quoted(endpoint.cells_dir) + ", \"http\": " + quoted(endpoint.http) +
      ", \"owner\": " + quoted(owner_) + "}\n";
  Status status = write_file_atomically(path_, text, 0644);
  if (status.ok()) {
    written_ = text;
  }
  return status;
}

void EndpointFile::remove() {
  if (!written_.empty() && read_own_file(path_) == written_) {
    ::unlink(path_.c_str());
  }
  written_.clear();
}

}  // namespace weir::sidecar
