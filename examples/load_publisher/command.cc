#include "examples/load_publisher/command.h"

#include <cstddef>

namespace load_publisher {
namespace {

struct Word {
  std::string text;
  std::size_t equals = std::string::npos;  // the first "=" outside quotes
};

std::vector<Word> split(std::string_view line) {
  std::vector<Word> words;
  Word word;
  bool begun = false;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && i + 1 < line.size()) {
      word.text += line[++i];
      begun = true;
    } else if (c == '"') {
      quoted = !quoted;
      begun = true;
    } else if ((c == ' ' || c == '\t' || c == '\r') && !quoted) {
      if (begun) {
        words.push_back(word);
      }
      word = {};
      begun = false;
    } else {
      if (c == '=' && !quoted && word.equals == std::string::npos) {
        word.equals = word.text.size();
      }
      word.text += c;
      begun = true;
    }
  }
  if (begun) {
    words.push_back(word);
  }
  return words;
}

}  // namespace

Command parse(std::string_view line) {
  Command command;
  for (const Word& word : split(line)) {
    if (command.verb.empty()) {
      command.verb = word.text;
    } else if (word.equals == std::string::npos) {
      command.words.push_back(word.text);
    } else if (word.text.front() == '@') {
      command.options[word.text.substr(1, word.equals - 1)] = word.text.substr(word.equals + 1);
    } else {
      command.labels[word.text.substr(0, word.equals)] = word.text.substr(word.equals + 1);
    }
  }
  return command;
}

}  // namespace load_publisher
