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

std::vector<std::pair<std::string, std::string>> split_label_text(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> labels;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) {
      break;
    }
    auto& [name, value] = labels.emplace_back(text.substr(at, equals - at), "");
    for (at = equals + 2; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        ++at;
        value.push_back(text[at] == 'n' ? '\n' : text[at]);
      } else {
        value.push_back(text[at]);
      }
    }
    at += 2;  // the quote, and the comma behind it
  }
  return labels;
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
