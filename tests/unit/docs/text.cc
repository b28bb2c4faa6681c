#include "text.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <regex>
#include <sstream>

namespace weir::docs_test {
namespace {

// The lines outside fenced code.
std::vector<std::string> prose_of(const std::string& markdown) {
  std::vector<std::string> prose;
  std::istringstream lines(markdown);
  bool in_code = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      in_code = !in_code;
    } else if (!in_code) {
      prose.push_back(line);
    }
  }
  return prose;
}

}  // namespace

std::filesystem::path root() {
  return WEIR_SOURCE_DIR;
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(root() / path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> markdown_files() {
  std::vector<std::filesystem::path> files;
  for (auto at = std::filesystem::recursive_directory_iterator(root());
       at != std::filesystem::recursive_directory_iterator(); ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name.starts_with('.') || name == "build")) {
      at.disable_recursion_pending();
    } else if (at->path().extension() == ".md") {
      files.push_back(at->path().lexically_relative(root()));
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> links_of(const std::string& markdown) {
  static const std::regex kCode("`[^`]*`");
  static const std::regex kLink(R"(\]\(([^()\s]+)\))");
  std::vector<std::string> links;
  for (const std::string& line : prose_of(markdown)) {
    const std::string text = std::regex_replace(line, kCode, "code");
    for (std::sregex_iterator link(text.begin(), text.end(), kLink), end; link != end; ++link) {
      links.push_back((*link)[1]);
    }
  }
  return links;
}

std::vector<std::string> anchors_of(const std::string& markdown) {
  std::vector<std::string> anchors;
  for (const std::string& line : prose_of(markdown)) {
    const std::size_t level = line.find_first_not_of('#');
    if (level == 0 || level == std::string::npos || line[level] != ' ') {
      continue;
    }
    std::string anchor;
    for (const char c : line.substr(level + 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0 || c == '-' || c == '_') {
        anchor.push_back(static_cast<char>(std::tolower(byte)));
      } else if (c == ' ') {
        anchor.push_back('-');
      }
    }
    anchors.push_back(std::move(anchor));
  }
  return anchors;
}

}  // namespace weir::docs_test
