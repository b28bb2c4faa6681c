// The options of one collector, as its section of the configuration file states them. A collector
// asks for what it knows; what nobody asked for, or is not of the kind that was asked for, is an
// error that names the line. Single-threaded: only the thread that sets the collector up calls
// this.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir::collectors {

class Options {
 public:
  // `line` counts from 1; 0: not from a file.
  void add(std::string key, std::vector<std::string> values, int line);
  // What errors name: the file, and the section that the keys stand in.
  void set_origin(std::string file, std::string section) {
    file_ = std::move(file);
    section_ = std::move(section);
  }

  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback);
  [[nodiscard]] bool flag(std::string_view key, bool fallback);
  [[nodiscard]] double number(std::string_view key, double fallback);
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                   std::chrono::milliseconds fallback);
  [[nodiscard]] std::vector<std::string> list(std::string_view key);
  // The value of `key` does not serve, for a reason that the collector knows.
  void refuse(std::string_view key, std::string_view reason);

  // The first mistake: a bad value, or a key that nobody asked for.
  [[nodiscard]] Status status() const;

 private:
  struct Option {
    std::vector<std::string> values;
    int line = 0;
    bool asked = false;
  };
  const std::string* single(std::string_view key);
  void remember(const std::string& reason, int line);

  [[nodiscard]] std::string where(int line) const;

  std::string file_;
  std::string section_;
  std::map<std::string, Option, std::less<>> options_;
  std::vector<std::string> known_;
  Status status_;
};

}  // namespace weir::collectors
