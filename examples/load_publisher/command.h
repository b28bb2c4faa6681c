// One line of input: a verb, its words, and what is said as name=value or @option=value.
//   counter NAME N [label=value...] [@help=...]
// Value types; pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace load_publisher {

struct Command {
  std::string verb;
  std::vector<std::string> words;             // NAME, VALUE
  std::map<std::string, std::string> labels;  // sorted, so that the order in the line is free
  std::map<std::string, std::string> options;
};

// Words are separated by spaces; "double quotes" hold spaces together, a backslash takes the next
// character as it is.
[[nodiscard]] Command parse(std::string_view line);

}  // namespace load_publisher
