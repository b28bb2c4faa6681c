// Reading the documentation: whole files, and the links of a Markdown text.
// Thread-safe: pure functions.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace weir::docs_test {

[[nodiscard]] std::filesystem::path root();
// The path is relative to the source tree. Empty if the file cannot be read.
[[nodiscard]] std::string slurp(const std::filesystem::path& path);
// Every Markdown file of the source tree, relative to it; builds and hidden folders left out.
[[nodiscard]] std::vector<std::filesystem::path> markdown_files();

// The targets of `[text](target)` and `![text](target)`, outside code.
[[nodiscard]] std::vector<std::string> links_of(const std::string& markdown);
// What `#...` may name: one anchor per heading, spelled as GitHub does.
[[nodiscard]] std::vector<std::string> anchors_of(const std::string& markdown);

// Runs of letters, digits and underscores.
[[nodiscard]] std::set<std::string> words_of(const std::string& text);

}  // namespace weir::docs_test
