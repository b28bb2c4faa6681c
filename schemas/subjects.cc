#include "schemas/subjects.h"

#include <array>

namespace weir::wire {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string joined(std::initializer_list<std::string_view> tokens) {
  std::string subject;
  for (const std::string_view token : tokens) {
    if (!subject.empty()) {
      subject.push_back('.');
    }
    subject.append(token);
  }
  return subject;
}

}  // namespace

std::string encode_token(std::string_view name) {
  if (name.empty()) {
    return "%";
  }
  std::string token;
  for (const char c : name) {
    if (is_plain(c)) {
      token.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      token.push_back('%');
      token.push_back(kHex[byte >> 4]);
      token.push_back(kHex[byte & 0xf]);
    }
  }
  return token;
}

std::optional<std::string> decode_token(std::string_view token) {
  if (token == "%") {
    return "";
  }
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '%') {
      name.push_back(token[i]);
      continue;
    }
    if (i + 2 >= token.size()) {
      return std::nullopt;
    }
    const std::size_t high = kHex.find(token[i + 1]);
    const std::size_t low = kHex.find(token[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    name.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  // One name has one token: whatever else would decode to it is not ours.
  return !name.empty() && encode_token(name) == token ? std::optional(name) : std::nullopt;
}

std::string Subjects::publish(std::string_view node, std::string_view service,
                              const InstanceId& instance) const {
  return joined(
      {prefix, "v1.pub", encode_token(node), encode_token(service), instance.to_string()});
}

std::string Subjects::publish_all() const {
  return joined({prefix, "v1.pub.>"});
}

std::string Subjects::publish_of_node(std::string_view node) const {
  return joined({prefix, "v1.pub", encode_token(node), ">"});
}

std::string Subjects::control(std::string_view node, const InstanceId& instance) const {
  return joined({prefix, "v1.ctl", encode_token(node), instance.to_string()});
}

std::string Subjects::control_all(std::string_view node) const {
  return joined({prefix, "v1.ctl", encode_token(node)});
}

std::string Subjects::peers(std::string_view node) const {
  return joined({prefix, "v1.peer", encode_token(node)});
}

std::string Subjects::inbox(const InstanceId& instance) const {
  return "_INBOX." + joined({prefix, instance.to_string()});
}

std::optional<Subjects::Publisher> Subjects::parse_publish(std::string_view subject) const {
  const std::string head = joined({prefix, "v1.pub."});
  if (!subject.starts_with(head)) {
    return std::nullopt;
  }
  subject.remove_prefix(head.size());
  std::array<std::string_view, 3> tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t dot = subject.find('.');
    const bool last = i + 1 == tokens.size();
    if ((dot == std::string_view::npos) != last) {
      return std::nullopt;
    }
    tokens[i] = subject.substr(0, dot);
    subject.remove_prefix(last ? subject.size() : dot + 1);
  }
  const auto node = decode_token(tokens[0]);
  const auto service = decode_token(tokens[1]);
  const auto instance = InstanceId::parse(tokens[2]);
  if (!node || !service || !instance) {
    return std::nullopt;
  }
  return Publisher{*node, *service, *instance};
}

}  // namespace weir::wire
