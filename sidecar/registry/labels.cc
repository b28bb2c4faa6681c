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
