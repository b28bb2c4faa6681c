// A program that takes one command a line on standard input, and answers each with one line of
// JSON: the harness of tests/ speaks so (Obedient). Single-threaded.
#pragma once

#include <exception>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace weir::bench {

using Obey = std::function<nlohmann::json(const std::string& verb, std::istringstream& rest)>;

// Until `exit` or the end of the input. What `obey` throws is the answer of a command that failed.
inline void obey_commands(const Obey& obey) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "exit") {
      return;
    }
    nlohmann::json answer;
    try {
      answer = obey(verb, words);
      answer["ok"] = true;
    } catch (const std::exception& error) {
      answer = {{"ok", false}, {"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}

}  // namespace weir::bench
