#include "collectors/options.h"

#include <fmt/format.h>

#include "collectors/config/values.h"

namespace weir::collectors {

void Options::add(std::string key, std::vector<std::string> values, int line) {
  options_[std::move(key)] = Option{std::move(values), line, false};
}

std::string Options::where(int line) const {
  return line > 0 && !file_.empty() ? fmt::format("{}:{}: ", file_, line)
         : line > 0                 ? fmt::format("line {}: ", line)
                                    : "";
}

void Options::remember(const std::string& reason, int line) {
  if (status_.ok()) {
    status_ = Status::error(where(line) + reason);
  }
}

const std::string* Options::single(std::string_view key) {
  known_.emplace_back(key);
  const auto option = options_.find(key);
  if (option == options_.end()) {
    return nullptr;
  }
  option->second.asked = true;
  if (option->second.values.size() != 1) {
    remember(fmt::format("{}{}: must be one value", section_, key), option->second.line);
    return nullptr;
  }
  return &option->second.values.front();
}

void Options::refuse(std::string_view key, std::string_view reason) {
  const auto option = options_.find(key);
  remember(fmt::format("{}{}: {}", section_, key, reason),
           option == options_.end() ? 0 : option->second.line);
}

std::string Options::text(std::string_view key, std::string_view fallback) {
  const std::string* value = single(key);
  return value == nullptr ? std::string(fallback) : *value;
}

bool Options::flag(std::string_view key, bool fallback) {
  if (const std::string* value = single(key)) {
    if (const auto parsed = parse_flag(*value)) {
      return *parsed;
    }
    refuse(key, fmt::format("\"{}\" is not true or false", *value));
  }
  return fallback;
}

double Options::number(std::string_view key, double fallback) {
  if (const std::string* value = single(key)) {
    if (const auto parsed = parse_number(*value)) {
      return *parsed;
    }
    refuse(key, fmt::format("\"{}\" is not a number", *value));
  }
  return fallback;
}

std::chrono::milliseconds Options::duration(std::string_view key,
                                            std::chrono::milliseconds fallback) {
  if (const std::string* value = single(key)) {
    if (const auto parsed = parse_duration(*value)) {
      return *parsed;
    }
    refuse(key, fmt::format("\"{}\" is not a duration such as 500ms, 5s, 1m, 1h", *value));
  }
  return fallback;
}

std::vector<std::string> Options::list(std::string_view key) {
  known_.emplace_back(key);
  const auto option = options_.find(key);
  if (option == options_.end()) {
    return {};
  }
  option->second.asked = true;
  return option->second.values;
}

Status Options::status() const {
  if (!status_.ok()) {
    return status_;
  }
  for (const auto& [key, option] : options_) {
    if (!option.asked) {
      std::vector<std::string> names = known_;
      names.insert(names.end(), {"enabled", "interval", "deadline"});
      return Status::error(fmt::format("{}unknown option \"{}{}\"{}", where(option.line), section_,
                                       key, did_you_mean(key, names)));
    }
  }
  return {};
}

}  // namespace weir::collectors
