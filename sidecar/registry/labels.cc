#include "sidecar/registry/labels.h"

#include <algorithm>

namespace weir::sidecar {

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out.push_back(c);
    }
  }
}

namespace {

// Takes the first label off a text; what it is worth is still escaped. False: there is none.
bool take_label(std::string_view& text, std::string_view& name, std::string_view& escaped) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return false;
  }
  name = text.substr(0, equals);
  const std::size_t begin = std::min(equals + 2, text.size());
  std::size_t end = begin;
  while ((end = std::min(text.find_first_of("\\\"", end), text.size())) < text.size() &&
         text[end] == '\\') {
    end += 2;  // and what it escapes
  }
  escaped = text.substr(begin, end - begin);
  text.remove_prefix(std::min(end + 2, text.size()));  // the quote, and the comma behind it
  return true;
}

std::string unescaped(std::string_view escaped) {
  std::string value;
  for (std::size_t at = escaped.find('\\'); at != std::string_view::npos; at = escaped.find('\\')) {
    value.append(escaped.substr(0, at));
    if (at + 1 < escaped.size()) {
      value.push_back(escaped[at + 1] == 'n' ? '\n' : escaped[at + 1]);
    }
    escaped.remove_prefix(std::min(at + 2, escaped.size()));
  }
  return value.append(escaped);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> split_label_text(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> labels;
  std::string_view name, escaped;
  while (take_label(text, name, escaped)) {
    labels.emplace_back(name, unescaped(escaped));
  }
  return labels;
}

std::string value_in_label_text(std::string_view text, std::string_view wanted) {
  std::string_view name, escaped;
  while (take_label(text, name, escaped)) {
    if (name == wanted) {
      return unescaped(escaped);
    }
  }
  return {};
}

std::string canonical_label_text(LabelList& labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  std::string_view previous;
  for (const auto& [name, value] : labels) {
    if (value.empty() || name == previous) {
      continue;
    }
    previous = name;
    if (!text.empty()) {
      text.push_back(',');
    }
    text.append(name);
    text += "=\"";
    append_escaped(text, value, true);
    text.push_back('"');
  }
  return text;
}

}  // namespace weir::sidecar
