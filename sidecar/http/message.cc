#include "sidecar/http/message.h"

#include <algorithm>

namespace weir::sidecar::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Where a plus means a space: in the query, not in the path.
enum class Plus : bool { kLiteral, kSpace };

bool decode(std::string_view text, Plus plus, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return false;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    }
    if (c == '\0') {
      return false;
    }
    decoded += c;
  }
  return true;
}

bool is_named(std::string_view given, std::string_view name) {
  return given == name ||
         (given.starts_with(name) && given.substr(name.size()) == std::string_view("[]"));
}

}  // namespace

std::vector<std::string> Request::values_of(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [given, value] : query) {
    if (is_named(given, name) && !value.empty()) {
      values.push_back(value);
    }
  }
  return values;
}

bool Request::has(std::string_view name) const {
  return std::any_of(query.begin(), query.end(),
                     [name](const auto& entry) { return is_named(entry.first, name); });
}

bool parse_target(std::string_view target, Request& request) {
  // The absolute form, as proxies send it: http://host/path
  if (const std::size_t scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const std::size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  if (!target.starts_with('/') ||
      !decode(target.substr(0, question), Plus::kLiteral, request.path)) {
    return false;
  }
  request.query.clear();
  std::string_view rest =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty()) {
      continue;
    }
    const std::size_t equals = std::min(part.find('='), part.size());
    std::pair<std::string, std::string> entry;
    if (!decode(part.substr(0, equals), Plus::kSpace, entry.first) ||
        !decode(part.substr(std::min(equals + 1, part.size())), Plus::kSpace, entry.second)) {
      return false;
    }
    request.query.push_back(std::move(entry));
  }
  return true;
}

}  // namespace weir::sidecar::http
