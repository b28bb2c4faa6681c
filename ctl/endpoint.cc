#include "ctl/endpoint.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "ctl/small_file.h"

namespace weir::ctl {
namespace {

Result<Endpoint> parse_endpoint(const std::string& path, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Status::error(fmt::format("cannot read endpoint file {}: not a JSON object", path));
  }
  Endpoint endpoint;
  endpoint.path = path;
  const std::pair<const char*, std::string*> members[] = {{"url", &endpoint.nats_url},
                                                          {"node", &endpoint.node},
                                                          {"token_file", &endpoint.token_file},
                                                          {"http", &endpoint.http_url}};
  for (const auto& [name, member] : members) {
    const auto found = json.find(name);
    if (found == json.end() || found->is_null()) {
      continue;
    }
    if (!found->is_string()) {
      return Status::error(
          fmt::format("cannot read endpoint file {}: \"{}\" is not a string", path, name));
    }
    *member = found->get<std::string>();
  }
  return endpoint;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
  };
}

std::vector<std::string> endpoint_paths(const Environment& environment) {
  if (const auto file = environment("WEIR_ENDPOINT_FILE")) {
    return {*file};
  }
  std::vector<std::string> paths;
  if (const auto runtime = environment("XDG_RUNTIME_DIR")) {
    paths.push_back(*runtime + "/weir/endpoint");
  }
  paths.emplace_back("/run/weir/endpoint");
  return paths;
}

Result<Endpoint> find_endpoint(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const SmallFile file = read_small_file(path);
    if (file.error == ENOENT || file.error == ENOTDIR) {
      continue;
    }
    if (file.error != 0) {
      return Status::error(
          fmt::format("cannot read endpoint file {}: {}", path, std::strerror(file.error)));
    }
    return parse_endpoint(path, file.text);
  }
  return Endpoint{};
}

}  // namespace weir::ctl
