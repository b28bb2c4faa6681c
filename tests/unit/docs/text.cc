#include "text.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <utility>

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

// Without what stands between backquotes.
std::string without_code(const std::string& line) {
  std::string text;
  bool in_code = false;
  for (const char c : line) {
    in_code ^= c == '`';
    if (!in_code) {
      text.push_back(c);
    }
  }
  return text;
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
  std::vector<std::string> links;
  for (const std::string& line : prose_of(markdown)) {
    const std::string text = without_code(line);
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
      const std::size_t end = text.find(')', at);
      if (end != std::string::npos) {
        links.push_back(text.substr(at + 2, end - at - 2));
      }
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

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + ' ') {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word.push_back(c);
    } else if (!word.empty()) {
      words.insert(std::exchange(word, {}));
    }
  }
  return words;
}

}  // namespace weir::docs_test
